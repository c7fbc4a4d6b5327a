/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file of sessions. The first byte chooses: the rest as a file, whose sums a fuzzer can hardly
 * guess; or the rest as records of a block that is made with the right sums, to see what a throttle
 * makes of any numbers.
 */
#include <errno.h>
#include <string.h>

#include "daemon/session_format.h"
#include "fuzz.h"

static void import(const struct session_block *block)
{
	struct throttle_spec spec = {
		.kind = block->kind,
		.window = {5, 1000000000},
		.bucket = {1000, 1000},
		.session = block->layout,
		.max = 4,
		.expire_ns = 1000000000,
	};
	struct throttle *throttle;
	struct throttle_figures figures;
	ENSURE(throttle_new("fuzz", 1, &spec, &throttle) == 0);
	for (uint32_t i = 0; i < block->count; i++) {
		struct throttle_session session;
		session_record_read(block, i, &session);
		ENSURE(session.order == session_record_order(block, i));
		throttle_import(throttle, &session, 1000);
	}
	throttle_figures(throttle, &figures);
	ENSURE(figures.sessions <= 4 && figures.sessions <= block->count);
	throttle_free(throttle);
}

static void read_file(const uint8_t *data, size_t size)
{
	uint32_t version;
	if (session_header_read(data, size, &version))
		return;
	size_t at = SESSION_FILE_HEADER_SIZE;
	while (at < size) {
		struct session_block block;
		size_t block_size;
		int error = session_block_read(data + at, size - at, &block, &block_size);
		ENSURE(error == 0 || error == -ENODATA || error == -EBADMSG);
		if (error)
			return;
		ENSURE(block_size >= SESSION_BLOCK_HEAD_SIZE && block_size <= size - at);
		import(&block);
		at += block_size;
	}
}

static void make_block(const uint8_t *data, size_t size)
{
	static uint8_t buffer[SESSION_BLOCK_SIZE_MAX];
	struct session_block block = {.tag = "fuzz", .tag_length = 4}, read;
	size_t read_size;
	if (size < 4)
		return;
	block.kind = data[0] & 1 ? THROTTLE_BUCKET : THROTTLE_WINDOW;
	block.layout.fields = (uint32_t)(data[1] | data[2] << 8) % SESSION_BIT(SESSION_FIELD_COUNT);
	block.layout.mask = data[3];
	block.record_size = session_record_size(&block.layout);
	size_t count = (size - 4) / block.record_size;
	block.count = count < SESSION_BLOCK_RECORDS ? (uint32_t)count : SESSION_BLOCK_RECORDS;
	memcpy(session_block_begin(buffer, &block), data + 4, block.count * block.record_size);
	size_t made = session_block_finish(buffer, &block);
	ENSURE(session_block_read(buffer, made, &read, &read_size) == 0);
	ENSURE(read_size == made && read.count == block.count);
	ENSURE(read.layout.fields == block.layout.fields && read.kind == block.kind);
	import(&read);
	ENSURE(session_block_read(buffer, made - 1, &read, &read_size) == -ENODATA);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	/* A copy of exactly that size, so that the sanitizer sees a read before or behind it. */
	uint8_t *copy = malloc(size);
	ENSURE(copy);
	memcpy(copy, data + 1, size - 1);
	if (data[0] & 1)
		make_block(copy, size - 1);
	else
		read_file(copy, size - 1);
	free(copy);
	return 0;
}
