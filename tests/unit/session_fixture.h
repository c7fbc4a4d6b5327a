/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the tests of the file of sessions share: a state directory, clocks that stand still until
 * they are set, throttles, and the comparison of two throttles session by session.
 */
#ifndef TESTS_SESSION_FIXTURE_H
#define TESTS_SESSION_FIXTURE_H

#include "throttle_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/session_file.h"
#include "daemon/session_format.h"
#include "daemon/session_writer.h"
#include "throttle/throttle.h"
#include "util/alloc.h"

static char directory[] = "/tmp/nfshaper-test-XXXXXX";
static struct session_time now;
static unsigned reports;   /* how many errors were reported … */
static unsigned recovered; /* … and ends of errors */

static inline void set_time(uint64_t monotonic_s, int64_t real_s, const char *boot)
{
	now = (struct session_time){monotonic_s * SECOND, real_s * (int64_t)SECOND, {0}};
	memset(now.boot, boot[0], BOOT_ID_SIZE);
}

static inline void pass_seconds(uint64_t seconds)
{
	now.monotonic_ns += seconds * SECOND;
	now.real_ns += (int64_t)(seconds * SECOND);
}

static inline void fake_clock(struct session_time *time)
{
	time->monotonic_ns = now.monotonic_ns;
	time->real_ns = now.real_ns;
}

static inline void count_report(void *context, bool is_error, const char *message)
{
	(void)context;
	assert_true(strstr(message, directory) == message);
	*(is_error ? &reports : &recovered) += 1;
}

static inline char *in_directory(const char *name)
{
	static char paths[4][64];
	static unsigned next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

static inline int clear_directory(void **state)
{
	(void)state;
	unlink(in_directory("sessions"));
	unlink(in_directory("sessions.new"));
	unlink(in_directory("sessions.damaged"));
	set_time(1000, 1700000000, "a");
	reports = recovered = 0;
	return 0;
}

static inline int make_directory_for_all(void **state)
{
	return mkdtemp(directory) ? clear_directory(state) : -1;
}

static inline int remove_directory(void **state)
{
	clear_directory(state);
	return rmdir(directory);
}

static inline struct throttle_spec window_spec(uint32_t packets, uint64_t seconds)
{
	return (struct throttle_spec){
		.kind = THROTTLE_WINDOW,
		.window = {packets, seconds * SECOND},
		.bucket = {100, 1000},
		.session = {SESSION_DEFAULT, 0},
		.max = THROTTLE_MAX_DEFAULT,
		.expire_ns = THROTTLE_EXPIRE_DEFAULT_NS,
	};
}

static inline struct throttle *made(const char *tag, const struct throttle_spec *spec)
{
	struct throttle *throttle;
	assert_int_equal(throttle_new(tag, 1, spec, &throttle), 0);
	return throttle;
}

/* Charges a flow now; how many of the tries, of 100 bytes each, were within. */
static inline unsigned charge(struct throttle *throttle, uint32_t number, unsigned tries)
{
	struct flow flow;
	unsigned count = 0;
	flow_numbered(&flow, number);
	for (unsigned i = 0; i < tries; i++)
		count += throttle_charge(throttle, &flow.facts, 1, 100, now.monotonic_ns);
	return count;
}

static inline struct session_writer *writer_new(void)
{
	struct session_writer_options options = {directory, now, fake_clock, count_report, NULL};
	return session_writer_new(&options);
}

/* One second passes, and what has changed in one throttle is written by a daemon that then ends. */
static inline void write_once(struct throttle *throttle)
{
	struct session_writer *writer = writer_new();
	session_writer_set(writer, &throttle, 1);
	session_writer_free(writer);
}

/* The result of loading; a message comes exactly with an error. */
static inline int load(struct throttle *throttle, char **ret_message)
{
	char *message = NULL;
	int error = session_file_load(directory, &throttle, 1, &now, &message);
	assert_int_equal(message != NULL, error != 0);
	if (ret_message)
		*ret_message = message;
	else
		free(message);
	return error;
}

/* Another throttle like it, out of the file, which has to be sound. */
static inline struct throttle *reloaded(const struct throttle *throttle)
{
	struct throttle *other = made(throttle_tag(throttle), throttle_spec(throttle));
	assert_int_equal(load(other, NULL), 0);
	return other;
}

static inline struct throttle_figures figures_of(struct throttle *throttle)
{
	struct throttle_figures figures;
	throttle_figures(throttle, &figures);
	return figures;
}

static inline off_t file_size(const char *name)
{
	struct stat status;
	return stat(in_directory(name), &status) ? -1 : status.st_size;
}

struct listing {
	struct throttle_session *items;
	size_t count;
	size_t capacity;
};

static inline void list_session(const struct throttle_session *session, void *context)
{
	struct listing *listing = context;
	listing->items = array_grow(listing->items, listing->count, &listing->capacity,
				    sizeof(*listing->items));
	listing->items[listing->count++] = *session;
}

static inline int compare_sessions(const void *a, const void *b)
{
	const struct throttle_session *x = a, *y = b;
	return (x->order > y->order) - (x->order < y->order);
}

/* All sessions as they are now, in the order of use. */
static inline struct listing listing_of(struct throttle *throttle)
{
	struct listing listing = {0};
	uint32_t cursor = 0;
	while (throttle_export(throttle, &cursor, 1000, now.monotonic_ns, list_session, &listing)) {
	}
	if (listing.count)
		qsort(listing.items, listing.count, sizeof(*listing.items), compare_sessions);
	return listing;
}

/* Of a session, up to the bytes that only fill the structure up. */
#define COMPARED_BYTES (offsetof(struct throttle_session, over) + sizeof(uint32_t))

/* The same sessions, used as much, at the same times and in the same order; and the same totals. */
static inline void assert_same(struct throttle *a, struct throttle *b)
{
	struct listing x = listing_of(a), y = listing_of(b);
	assert_int_equal(x.count, y.count);
	for (size_t i = 0; i < x.count; i++) {
		x.items[i].order = y.items[i].order = 0;
		assert_memory_equal(&x.items[i], &y.items[i], COMPARED_BYTES);
	}
	free(x.items);
	free(y.items);
	assert_int_equal(figures_of(a).passed, figures_of(b).passed);
	assert_int_equal(figures_of(a).over, figures_of(b).over);
	assert_int_equal(figures_of(a).evicted, figures_of(b).evicted);
}

#endif
