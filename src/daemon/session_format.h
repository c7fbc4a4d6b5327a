/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file `sessions` in the state directory: what the throttles' sessions had used.
 *
 *   header   magic and version
 *   block    one throttle's: its tag, what makes a session of it, its totals, when that was,
 *            and up to SESSION_BLOCK_RECORDS sessions
 *   block    …
 *
 * It is a base, which has every session, followed by a journal of what has changed since, block by
 * block as time went on; nothing tells one from the other, and a session's last record is the one
 * that counts. Within one life of a throttle's table, a record's `order` tells which is later; over
 * several lives, their order in the file does.
 *
 * A life begins with the process, or with a throttle that a reload adds. In the first case it
 * continues what was loaded (BLOCK_CONTINUES), in the second what the file has of an earlier
 * throttle with this tag is void, and a block without sessions says so at once.
 *
 * Both parts of a block have a sum of their own (SipHash with a fixed key: the project has it, and
 * it finds damage better than a CRC of 32 bits). So a block that a crash cut short is told from a
 * damaged one: its head is sound and says that it is longer than the file.
 *
 * Numbers are in the machine's own order of bytes, as sessions' keys are: the file stays where it
 * was made. Any change of this layout, or of that of session_key.h, needs another version.
 */
#ifndef DAEMON_SESSION_FORMAT_H
#define DAEMON_SESSION_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/session_time.h"
#include "throttle/throttle.h"

#define SESSION_FILE_NAME "sessions"
#define SESSION_FILE_VERSION 1
#define SESSION_FILE_HEADER_SIZE 16

/* Few enough to be collected within a fraction of a millisecond. */
#define SESSION_BLOCK_RECORDS 1024
#define SESSION_TAG_MAX 4096
#define SESSION_RECORD_FIXED_SIZE 40
#define SESSION_RECORD_SIZE_MAX (SESSION_RECORD_FIXED_SIZE + SESSION_KEY_MAX)
#define SESSION_BLOCK_HEAD_SIZE 144
#define SESSION_BLOCK_SIZE_MAX                                                                     \
	(SESSION_BLOCK_HEAD_SIZE + SESSION_TAG_MAX +                                               \
	 SESSION_BLOCK_RECORDS * SESSION_RECORD_SIZE_MAX)

/* What a block says of all its records. */
struct session_block {
	const char *tag; /* not terminated: tag_length bytes */
	size_t tag_length;
	enum throttle_kind kind;
	struct session_layout layout;
	uint64_t life; /* another number for each life of a throttle's table */
	bool continues;
	struct session_time time; /* of the records' distances */
	uint64_t passed;          /* totals of the throttle */
	uint64_t over;
	uint64_t evicted;
	uint32_t count;         /* records */
	size_t record_size;     /* session_record_size() */
	const uint8_t *records; /* `count` of them, where the block was read */
};

void session_header_write(uint8_t header[SESSION_FILE_HEADER_SIZE]);
/*
 * 0; -EBADMSG: this is not such a file; -EPROTONOSUPPORT: of a version that is not known, which is
 * in *ret_version.
 */
int session_header_read(const uint8_t *bytes, size_t size, uint32_t *ret_version);

size_t session_record_size(const struct session_layout *layout);

/*
 * A block is written in three steps into a buffer of SESSION_BLOCK_SIZE_MAX bytes: the place of its
 * first record (the tag is put before it); the records, record_size bytes each; and the head, once
 * `count` is known, which returns the size of it all.
 */
uint8_t *session_block_begin(uint8_t *buffer, const struct session_block *block);
void session_record_write(uint8_t *at, const struct session_block *block,
			  const struct throttle_session *session);
size_t session_block_finish(uint8_t *buffer, const struct session_block *block);

/*
 * Reads the block at `bytes`. *ret_block points into it. 0; -ENODATA: it was cut short, by a crash
 * of the daemon or of the machine; -EBADMSG: it is damaged.
 */
int session_block_read(const uint8_t *bytes, size_t size, struct session_block *ret_block,
		       size_t *ret_size);

/* One record, 0 … count - 1, as throttle_import() takes it; and only its order of use. */
void session_record_read(const struct session_block *block, uint32_t index,
			 struct throttle_session *ret_session);
uint64_t session_record_order(const struct session_block *block, uint32_t index);

#endif
