/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading the file of sessions: all blocks are found first, then each throttle's records are put in
 * the order of their use and imported, so that a session's last one wins and the table's order of
 * eviction is what it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/session_file.h"
#include "daemon/session_format.h"
#include "util/alloc.h"

#define NS_PER_S 1000000000ull

/* A block, and how long ago it was written. */
struct dated_block {
	struct session_block block;
	uint64_t age_ns;
};

struct content {
	uint8_t *bytes;
	size_t size;
	size_t sound; /* bytes up to the first that is not */
	struct dated_block *blocks;
	size_t count;
	size_t capacity;
};

/* One record of one throttle. */
struct reference {
	uint64_t order;
	uint32_t block;
	uint32_t index;
};

struct references {
	struct reference *items;
	size_t count;
	size_t capacity;
	size_t life_from; /* the items from here on are of the life that is being read */
};

static int read_all(int fd, uint8_t *bytes, size_t size)
{
	size_t done = 0;
	while (done < size) {
		ssize_t got = read(fd, bytes + done, size - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		done += (size_t)got;
	}
	return 0;
}

/* Not mapped: an error of the disk is to be an error, not the end of the daemon. */
static int read_file(const char *path, struct content *content)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int error = fstat(fd, &status) ? -errno : S_ISREG(status.st_mode) ? 0 : -EINVAL;
	if (!error) {
		content->size = (size_t)status.st_size;
		content->bytes = malloc(content->size + 1);
		error = content->bytes ? read_all(fd, content->bytes, content->size) : -ENOMEM;
	}
	close(fd);
	return error;
}

/* 0: sound up to its end or up to a block that was cut short; else as session_header_read(). */
static int find_blocks(struct content *content, uint32_t *ret_version)
{
	int error = session_header_read(content->bytes, content->size, ret_version);
	if (error)
		return error;
	content->sound = SESSION_FILE_HEADER_SIZE;
	while (content->sound < content->size) {
		size_t size;
		content->blocks = array_grow(content->blocks, content->count, &content->capacity,
					     sizeof(*content->blocks));
		error = session_block_read(content->bytes + content->sound,
					   content->size - content->sound,
					   &content->blocks[content->count].block, &size);
		if (error)
			return error == -ENODATA ? 0 : error;
		content->sound += size;
		content->count++;
	}
	return 0;
}

/*
 * From each block to the next by the clock that both know: so a step of the wall clock while one
 * daemon ran counts for nothing, and only the gap to another boot is taken from it.
 */
static void date_blocks(struct content *content, const struct session_time *now)
{
	const struct session_time *later = now;
	uint64_t age_ns = 0;
	for (size_t i = content->count; i-- > 0;) {
		struct dated_block *dated = &content->blocks[i];
		age_ns += session_time_between(&dated->block.time, later);
		if (age_ns > THROTTLE_PAST_MAX_NS)
			age_ns = THROTTLE_PAST_MAX_NS;
		dated->age_ns = age_ns;
		later = &dated->block.time;
	}
}

static bool has_tag(const struct session_block *block, const char *tag)
{
	return strlen(tag) == block->tag_length && memcmp(tag, block->tag, block->tag_length) == 0;
}

static bool fits(const struct session_block *block, const struct throttle_spec *spec)
{
	return block->kind == spec->kind && block->layout.fields == spec->session.fields &&
	       block->layout.mask == spec->session.mask;
}

static int compare_order(const void *a, const void *b)
{
	const struct reference *x = a, *y = b;
	return (x->order > y->order) - (x->order < y->order);
}

static void end_life(struct references *list)
{
	size_t count = list->count - list->life_from;
	if (count)
		qsort(list->items + list->life_from, count, sizeof(*list->items), compare_order);
	list->life_from = list->count;
}

static void add_block(struct references *list, const struct session_block *block, size_t number)
{
	for (uint32_t i = 0; i < block->count; i++) {
		list->items =
			array_grow(list->items, list->count, &list->capacity, sizeof(*list->items));
		list->items[list->count++] =
			(struct reference){session_record_order(block, i), (uint32_t)number, i};
	}
}

/* Adds the records that count for the throttle, in order; returns the last block of it. */
static const struct session_block *find_records(const struct content *content,
						const struct throttle *throttle,
						struct references *list)
{
	const struct session_block *last = NULL;
	for (size_t i = 0; i < content->count; i++) {
		const struct session_block *block = &content->blocks[i].block;
		if (!has_tag(block, throttle_tag(throttle)))
			continue;
		if (last && last->life != block->life && !block->continues)
			list->count = list->life_from = 0;
		else if (last && last->life != block->life)
			end_life(list);
		if (fits(block, throttle_spec(throttle)))
			add_block(list, block, i);
		last = block;
	}
	end_life(list);
	return last;
}

static uint64_t later(uint64_t ago_ns, uint64_t age_ns)
{
	return ago_ns < THROTTLE_PAST_MAX_NS ? ago_ns + age_ns : THROTTLE_PAST_MAX_NS;
}

static void fill_throttle(const struct content *content, struct throttle *throttle, uint64_t now_ns)
{
	struct references list = {0};
	const struct session_block *last = find_records(content, throttle, &list);
	for (size_t i = 0; i < list.count; i++) {
		const struct dated_block *dated = &content->blocks[list.items[i].block];
		struct throttle_session session;
		session_record_read(&dated->block, list.items[i].index, &session);
		session.used_ago_ns = later(session.used_ago_ns, dated->age_ns);
		session.opened_ago_ns = later(session.opened_ago_ns, dated->age_ns);
		session.created_ago_s += dated->age_ns / NS_PER_S;
		if (session.used_ago_ns < throttle_spec(throttle)->expire_ns)
			throttle_import(throttle, &session, now_ns);
	}
	free(list.items);
	if (last && fits(last, throttle_spec(throttle)))
		throttle_set_totals(throttle, last->passed, last->over, last->evicted);
}

/* Takes a file that cannot be continued out of the way; the text for the log. */
static char *set_aside(const char *state_dir, const char *path, const char *what)
{
	char *damaged = xasprintf("%s/%s", state_dir, SESSION_FILE_DAMAGED);
	char *message;
	if (rename(path, damaged))
		message = xasprintf("%s %s, and it could not be renamed: %s", path, what,
				    strerror(errno));
	else
		message = xasprintf("%s %s; it is kept as %s", path, what, damaged);
	free(damaged);
	return message;
}

/* What the log is to say of a file that cannot be continued; NULL: it can. */
static char *what_is_wrong(const struct content *content, int error, uint32_t version)
{
	if (!error)
		return NULL;
	if (error == -EPROTONOSUPPORT)
		return xasprintf("is of version %u, which is not known: throttles begin anew",
				 version);
	if (error != -EBADMSG)
		return xasprintf("cannot be read (%s): throttles begin anew", strerror(-error));
	if (content->sound == 0)
		return xasprintf("is damaged: throttles begin anew");
	return xasprintf("is damaged at byte %zu: throttles go on from what stands before it",
			 content->sound);
}

/* A block that was cut short is no error, but nothing can be written behind it. */
static int cut(const char *path, const struct content *content)
{
	if (content->sound == content->size)
		return 0;
	return truncate(path, (off_t)content->sound) ? -errno : 0;
}

int session_file_load(const char *state_dir, struct throttle *const *throttles, size_t count,
		      const struct session_time *now, char **ret_message)
{
	char *path = xasprintf("%s/%s", state_dir, SESSION_FILE_NAME);
	struct content content = {0};
	uint32_t version = 0;
	int error = read_file(path, &content);
	bool is_missing = error == -ENOENT || error == -ENOTDIR;
	if (!error)
		error = find_blocks(&content, &version);
	date_blocks(&content, now);
	for (size_t i = 0; i < count; i++)
		fill_throttle(&content, throttles[i], now->monotonic_ns);
	if (!error)
		error = cut(path, &content);
	/* What stays in the file need not be written again. */
	for (size_t i = 0; i < count && !error; i++)
		throttle_skip_changed(throttles[i]);
	char *what = is_missing ? NULL : what_is_wrong(&content, error, version);
	if (what)
		*ret_message = set_aside(state_dir, path, what);
	free(what);
	free(content.blocks);
	free(content.bytes);
	free(path);
	return is_missing ? 0 : error;
}
