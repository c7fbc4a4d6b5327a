/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/session_format.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "throttle/siphash.h"

#define BLOCK_CONTINUES 1u

/* Not a text that an editor would take for one. */
static const uint8_t magic[8] = {'n', 'f', 's', 'e', 's', 's', '\r', 0};

struct header {
	uint8_t magic[8];
	uint32_t version;
	uint32_t reserved;
};
static_assert(sizeof(struct header) == SESSION_FILE_HEADER_SIZE, "the file's layout");

struct head {
	uint64_t head_sum; /* of all that follows in the head */
	uint64_t body_sum; /* of tag and records */
	uint64_t life;
	uint64_t monotonic_ns;
	int64_t real_ns;
	uint64_t passed;
	uint64_t over;
	uint64_t evicted;
	uint8_t boot[BOOT_ID_SIZE];
	uint32_t kind;
	uint32_t flags;
	uint32_t fields;
	uint32_t mask;
	uint32_t count;
	uint32_t tag_length;
	uint32_t reserved[5];
};
static_assert(sizeof(struct head) == SESSION_BLOCK_HEAD_SIZE, "the file's layout");

struct record {
	uint64_t order;
	uint64_t used_ago_ns;
	uint64_t state; /* window: opened_ago_ns; bucket: missing */
	uint32_t state_count;
	uint32_t created_ago_s;
	uint32_t passed;
	uint32_t over;
};
static_assert(sizeof(struct record) == SESSION_RECORD_FIXED_SIZE, "the file's layout");

static uint64_t sum_of(const void *bytes, size_t size)
{
	static const struct siphash_key key = {0x6e66736573736e73ull, SESSION_FILE_VERSION};
	return siphash(&key, bytes, size);
}

static uint64_t head_sum(const struct head *head)
{
	return sum_of(&head->body_sum, sizeof(*head) - offsetof(struct head, body_sum));
}

void session_header_write(uint8_t bytes[SESSION_FILE_HEADER_SIZE])
{
	struct header header = {.version = SESSION_FILE_VERSION};
	memcpy(header.magic, magic, sizeof(magic));
	memcpy(bytes, &header, sizeof(header));
}

int session_header_read(const uint8_t *bytes, size_t size, uint32_t *ret_version)
{
	struct header header;
	if (size < sizeof(header) || memcmp(bytes, magic, sizeof(magic)) != 0)
		return -EBADMSG;
	memcpy(&header, bytes, sizeof(header));
	*ret_version = header.version;
	return header.version == SESSION_FILE_VERSION ? 0 : -EPROTONOSUPPORT;
}

size_t session_record_size(const struct session_layout *layout)
{
	return sizeof(struct record) + session_key_size(layout);
}

uint8_t *session_block_begin(uint8_t *buffer, const struct session_block *block)
{
	assert(block->tag_length <= SESSION_TAG_MAX);
	memcpy(buffer + sizeof(struct head), block->tag, block->tag_length);
	return buffer + sizeof(struct head) + block->tag_length;
}

void session_record_write(uint8_t *at, const struct session_block *block,
			  const struct throttle_session *session)
{
	uint64_t age_s = session->created_ago_s;
	struct record record = {
		.order = session->order,
		.used_ago_ns = session->used_ago_ns,
		.created_ago_s = age_s < UINT32_MAX ? (uint32_t)age_s : UINT32_MAX,
		.passed = session->passed,
		.over = session->over,
	};
	switch (block->kind) {
	case THROTTLE_WINDOW:
		record.state = session->opened_ago_ns;
		record.state_count = session->window_passed;
		break;
	case THROTTLE_BUCKET:
		record.state = session->missing;
		break;
	}
	memcpy(at, &record, sizeof(record));
	memcpy(at + sizeof(record), session->key.bytes, block->record_size - sizeof(record));
}

size_t session_block_finish(uint8_t *buffer, const struct session_block *block)
{
	size_t body = block->tag_length + block->count * block->record_size;
	struct head head = {
		.body_sum = sum_of(buffer + sizeof(head), body),
		.life = block->life,
		.monotonic_ns = block->time.monotonic_ns,
		.real_ns = block->time.real_ns,
		.passed = block->passed,
		.over = block->over,
		.evicted = block->evicted,
		.kind = (uint32_t)block->kind,
		.flags = block->continues ? BLOCK_CONTINUES : 0,
		.fields = block->layout.fields,
		.mask = block->layout.mask,
		.count = block->count,
		.tag_length = (uint32_t)block->tag_length,
	};
	memcpy(head.boot, block->time.boot, sizeof(head.boot));
	head.head_sum = head_sum(&head);
	memcpy(buffer, &head, sizeof(head));
	return sizeof(head) + body;
}

/* A machine that lost its power may leave room at the end that was never filled. */
static bool is_all_zero(const uint8_t *bytes, size_t size)
{
	return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* A sum that fits does not make a stranger's numbers right. */
static bool is_valid(const struct head *head)
{
	return head->kind <= THROTTLE_BUCKET && head->fields < SESSION_BIT(SESSION_FIELD_COUNT) &&
	       head->count <= SESSION_BLOCK_RECORDS && head->tag_length <= SESSION_TAG_MAX;
}

int session_block_read(const uint8_t *bytes, size_t size, struct session_block *ret_block,
		       size_t *ret_size)
{
	struct head head;
	if (size < sizeof(head) || is_all_zero(bytes, size))
		return -ENODATA;
	memcpy(&head, bytes, sizeof(head));
	if (head.head_sum != head_sum(&head) || !is_valid(&head))
		return -EBADMSG;
	struct session_layout layout = {head.fields, head.mask};
	size_t record_size = session_record_size(&layout);
	size_t body = head.tag_length + head.count * record_size;
	if (body > size - sizeof(head))
		return -ENODATA;
	const uint8_t *tag = bytes + sizeof(head);
	/* Room that was never filled has no last record. */
	size_t last = head.count ? record_size : head.tag_length;
	if (head.body_sum != sum_of(tag, body))
		return body == size - sizeof(head) && is_all_zero(tag + body - last, last)
			       ? -ENODATA
			       : -EBADMSG;
	*ret_block = (struct session_block){
		.tag = (const char *)tag,
		.tag_length = head.tag_length,
		.kind = (enum throttle_kind)head.kind,
		.layout = layout,
		.life = head.life,
		.continues = head.flags & BLOCK_CONTINUES,
		.time = {.monotonic_ns = head.monotonic_ns, .real_ns = head.real_ns},
		.passed = head.passed,
		.over = head.over,
		.evicted = head.evicted,
		.count = head.count,
		.record_size = record_size,
		.records = tag + head.tag_length,
	};
	memcpy(ret_block->time.boot, head.boot, sizeof(head.boot));
	*ret_size = sizeof(head) + body;
	return 0;
}

static struct record record_at(const struct session_block *block, uint32_t index)
{
	struct record record;
	memcpy(&record, block->records + index * block->record_size, sizeof(record));
	return record;
}

void session_record_read(const struct session_block *block, uint32_t index,
			 struct throttle_session *ret_session)
{
	struct record record = record_at(block, index);
	*ret_session = (struct throttle_session){
		.order = record.order,
		.used_ago_ns = record.used_ago_ns,
		.created_ago_s = record.created_ago_s,
		.passed = record.passed,
		.over = record.over,
	};
	memcpy(ret_session->key.bytes, block->records + index * block->record_size + sizeof(record),
	       block->record_size - sizeof(record));
	switch (block->kind) {
	case THROTTLE_WINDOW:
		ret_session->opened_ago_ns = record.state;
		ret_session->window_passed = record.state_count;
		break;
	case THROTTLE_BUCKET:
		ret_session->missing = record.state;
		break;
	}
}

uint64_t session_record_order(const struct session_block *block, uint32_t index)
{
	return record_at(block, index).order;
}
