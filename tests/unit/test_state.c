/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state file: what is written comes back, what is damaged is refused whole. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/pidfile.h"
#include "daemon/state.h"
#include "util/alloc.h"

static char directory[] = "/tmp/nfshaper-test-XXXXXX";

static int make(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int unmake(void **state)
{
	char *path = xasprintf("%s/state.json", directory);
	(void)state;
	unlink(path);
	free(path);
	return rmdir(directory);
}

static void write_state(const char *text)
{
	char *path = xasprintf("%s/state.json", directory);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	free(path);
}

static void what_is_saved_comes_back(void **state)
{
	struct state saved = {.mark_mask = 0x00ff0000};
	struct ids earlier = {0};
	struct state loaded;
	(void)state;
	ids_add(&saved.known.ids, &(struct outcome){1, OUTCOME_CLASS, (char *)"default", 0x10});
	ids_add(&saved.known.ids, &(struct outcome){7, OUTCOME_DROP, (char *)"drop", 0});
	ids_add(&earlier, &(struct outcome){3, OUTCOME_CLASS, (char *)"gone", 0x15});
	ids_add(&earlier, &(struct outcome){7, OUTCOME_CLASS, (char *)"taken", 0x16});
	ids_remember(&saved.known.ids, &earlier);
	assert_int_equal(state_save(directory, &saved), 0);
	assert_int_equal(state_load(directory, &loaded), 0);
	assert_int_equal(loaded.mark_mask, 0x00ff0000);
	assert_int_equal(loaded.known.ids.count, 3);
	assert_int_equal(ids_find(&loaded.known.ids, OUTCOME_DROP, "drop")->id, 7);
	assert_int_equal(ids_find(&loaded.known.ids, OUTCOME_CLASS, "gone")->minor, 0x15);
	assert_null(ids_find(&loaded.known.ids, OUTCOME_CLASS, "taken"));
	state_fini(&loaded);
	state_fini(&saved);
	ids_fini(&earlier);
}

static void add_throttle(struct throttle_list *list, const char *tag, bool by_command,
			 const struct throttle_spec *spec)
{
	throttle_list_add(list, &(struct throttle_item){.tag = (char *)(uintptr_t)tag,
							.by_command = by_command,
							.spec = *spec});
}

/* Of a throttle in the file its serial is kept; one made by command, whole. */
/* A snapshot with that many classes, whose names begin so. */
static struct snapshot *classes_named(const char *name, unsigned count, const struct ids *known)
{
	char text[2048];
	int at = snprintf(text, sizeof(text),
			  "version: 1\nmark-mask: 0xf0000000\n"
			  "interfaces: {wan0: {out: 100mbit}}\nclasses:\n");
	for (unsigned i = 0; i < count; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at, "  %s%u: {out: 1mbit}\n", name,
			       i);
	return fixture_snapshot(text, known);
}

/* Names that are gone keep their ids while half of the 15 is free, and then lose them all. */
static void names_are_forgotten_for_room(void **state)
{
	struct state kept = {0};
	(void)state;
	struct snapshot *first = classes_named("first", 2, &kept.known.ids);
	state_remember(&kept, directory, first);
	struct snapshot *second = classes_named("second", 4, &kept.known.ids);
	state_remember(&kept, directory, second);
	assert_int_equal(kept.known.ids.count, 7);
	assert_int_equal(ids_find(&kept.known.ids, OUTCOME_CLASS, "first1")->id, 3);
	struct snapshot *third = classes_named("third", 1, &kept.known.ids);
	state_remember(&kept, directory, third);
	assert_int_equal(kept.known.ids.count, 2);
	assert_null(ids_find(&kept.known.ids, OUTCOME_CLASS, "first1"));
	struct snapshot *fourth = classes_named("fourth", 1, &kept.known.ids);
	assert_int_equal(ids_find(&fourth->plan->ids, OUTCOME_CLASS, "fourth0")->id, 2);
	snapshot_free(first);
	snapshot_free(second);
	snapshot_free(third);
	snapshot_free(fourth);
	state_fini(&kept);
}

static void throttles_come_back(void **state)
{
	struct state saved = {.mark_mask = 0x00ff0000}, loaded;
	struct throttle_list *list = &saved.known.throttles;
	struct throttle_spec window = throttle_spec_default(), bucket = window;
	(void)state;
	window.window = (struct window_limit){25, 7200 * 1000000000ull};
	window.session = (struct session_layout){SESSION_BIT(SESSION_CC), 0xffff0000};
	window.max = 5;
	window.buckets = 64;
	window.expire_ns = 9000 * 1000000000ull;
	bucket.kind = THROTTLE_BUCKET;
	bucket.bucket = (struct bucket_limit){250000, 64000};
	bucket.session.fields = SESSION_NONE;
	add_throttle(list, "gone", false, &window);
	add_throttle(list, "in-the-file", false, &window);
	add_throttle(list, "window", true, &window);
	add_throttle(list, "bucket", true, &bucket);
	throttle_list_remove(list, 0);
	list->last_serial = 17;
	assert_int_equal(state_save(directory, &saved), 0);
	assert_int_equal(state_load(directory, &loaded), 0);
	const struct throttle_item *items = loaded.known.throttles.items;
	assert_int_equal(loaded.known.throttles.count, 3);
	assert_int_equal(loaded.known.throttles.last_serial, 17);
	assert_string_equal(items[0].tag, "in-the-file");
	assert_int_equal(items[0].serial, 2);
	assert_false(items[0].by_command);
	assert_string_equal(items[1].tag, "window");
	assert_int_equal(items[1].serial, 3);
	assert_true(items[1].by_command);
	assert_int_equal(items[1].spec.window.packets, 25);
	assert_int_equal(items[1].spec.window.span_ns, window.window.span_ns);
	assert_int_equal(items[1].spec.session.fields, SESSION_BIT(SESSION_CC));
	assert_int_equal(items[1].spec.session.mask, 0xffff0000);
	assert_int_equal(items[1].spec.max, 5);
	assert_int_equal(items[1].spec.buckets, 64);
	assert_int_equal(items[1].spec.expire_ns, window.expire_ns);
	assert_string_equal(items[2].tag, "bucket");
	assert_int_equal(items[2].spec.kind, THROTTLE_BUCKET);
	assert_int_equal(items[2].spec.bucket.rate_bytes_per_s, 250000);
	assert_int_equal(items[2].spec.bucket.burst_bytes, 64000);
	assert_int_equal(items[2].spec.session.fields, SESSION_NONE);
	state_fini(&loaded);
	state_fini(&saved);
}

#define IDS "\"ids\": [{\"id\": 1, \"kind\": \"class\", \"name\": \"default\", \"minor\": 16}]"
#define ITEM(rest) "{\"tag\": \"a\", \"serial\": 1, \"by_command\": " rest "}"
#define SPEC(rest) ITEM("true, \"spec\": {\"packets\": 5, \"span_s\": 10" rest "}")
#define LIST(items) "{\"last_serial\": 5, \"items\": [" items "]}"

static int load_throttles(const char *throttles, struct state *loaded)
{
	char *text = xasprintf("{\"version\": 1, \"mark_mask\": 255, " IDS "%s%s}",
			       *throttles ? ", \"throttles\": " : "", throttles);
	write_state(text);
	free(text);
	return state_load(directory, loaded);
}

static void damaged_throttles_are_refused_whole(void **state)
{
	static const char *const damaged[] = {
		"[]",
		"null",
		"{}",
		"{\"last_serial\": 5}",
		"{\"items\": []}",
		"{\"last_serial\": 5, \"items\": {}}",
		"{\"last_serial\": -1, \"items\": []}",
		"{\"last_serial\": 4294967295, \"items\": []}",
		"{\"last_serial\": \"5\", \"items\": []}",
		LIST("1"),
		LIST("{}"),
		LIST("{\"tag\": \"a\", \"serial\": 0, \"by_command\": false}"),
		LIST("{\"tag\": \"a\", \"serial\": 4294967295, \"by_command\": false}"),
		LIST("{\"tag\": \"a b\", \"serial\": 1, \"by_command\": false}"),
		LIST("{\"tag\": \"\", \"serial\": 1, \"by_command\": false}"),
		LIST("{\"tag\": 1, \"serial\": 1, \"by_command\": false}"),
		LIST(ITEM("1")),
		LIST(ITEM("true")),
		LIST(ITEM("true, \"spec\": []")),
		LIST(ITEM("true, \"spec\": {}")),
		LIST(ITEM("true, \"spec\": {\"packets\": 5}")),
		LIST(SPEC(", \"max\": 0")),
		LIST(SPEC(", \"max\": \"5\"")),
		LIST(SPEC(", \"expire_s\": 9")),
		LIST(SPEC(", \"session\": [\"sadr\"]")),
		LIST(SPEC(", \"session\": {}")),
		LIST(SPEC(", \"mask\": -1")),
		/* one tag, one serial, one name in nft for each */
		LIST(ITEM("false") ", {\"tag\": \"a\", \"serial\": 2, \"by_command\": false}"),
		LIST(ITEM("false") ", {\"tag\": \"b\", \"serial\": 1, \"by_command\": false}"),
		LIST("{\"tag\": \"a-b\", \"serial\": 1, \"by_command\": false}, "
		     "{\"tag\": \"a_b\", \"serial\": 2, \"by_command\": false}"),
		/* the first is good */
		LIST(SPEC("") ", {\"tag\": \"b\"}"),
	};
	struct state loaded;
	(void)state;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		if (load_throttles(damaged[i], &loaded) != -EBADMSG)
			fail_msg("%s is taken", damaged[i]);
		assert_int_equal(loaded.known.ids.count, 0);
		assert_int_equal(loaded.known.throttles.count, 0);
		assert_int_equal(loaded.known.throttles.last_serial, 0);
		state_fini(&loaded);
	}
}

/* A file of an earlier version, and the least that there can be. */
static void throttles_that_can_be_read(void **state)
{
	struct state loaded;
	(void)state;
	assert_int_equal(load_throttles("", &loaded), 0);
	assert_int_equal(loaded.known.ids.count, 1);
	assert_int_equal(loaded.known.throttles.count, 0);
	state_fini(&loaded);
	assert_int_equal(load_throttles(LIST(SPEC("") ", " /* a serial above the last */
						      "{\"tag\": \"b\", \"serial\": 9, "
						      "\"by_command\": false}"),
					&loaded),
			 0);
	assert_int_equal(loaded.known.throttles.count, 2);
	assert_int_equal(loaded.known.throttles.last_serial, 9);
	assert_int_equal(loaded.known.throttles.items[0].spec.session.fields, SESSION_DEFAULT);
	state_fini(&loaded);
}

static void no_file_is_no_error(void **state)
{
	struct state loaded;
	(void)state;
	assert_int_equal(state_load("/nonexistent", &loaded), 0);
	assert_int_equal(loaded.known.ids.count, 0);
	state_fini(&loaded);
}

static void damage_is_refused_whole(void **state)
{
	static const char *const damaged[] = {
		"",
		"{",
		"[]",
		"{\"version\": 2, \"mark_mask\": 1, \"ids\": []}",
		"{\"version\": 1, \"mark_mask\": -1, \"ids\": []}",
		"{\"version\": 1, \"mark_mask\": 255, \"ids\": {}}",
		"{\"version\": 1, \"mark_mask\": 255, \"ids\": [{\"id\": 0, \"kind\": \"class\", "
		"\"name\": \"a\", \"minor\": 17}]}",
		"{\"version\": 1, \"mark_mask\": 255, \"ids\": [{\"id\": 1, \"kind\": \"drop\", "
		"\"name\": \"drop\", \"minor\": 17}]}",
		"{\"version\": 1, \"mark_mask\": 255, \"ids\": [{\"id\": 1, \"kind\": \"class\", "
		"\"name\": \"default\", \"minor\": 17}]}",
		"{\"version\": 1, \"mark_mask\": 255, \"ids\": [{\"id\": 1, \"kind\": \"class\", "
		"\"name\": \"web\", \"minor\": 16}]}",
		"{\"version\": 1, \"mark_mask\": 255, \"ids\": [{\"id\": 1, \"kind\": \"queued\", "
		"\"name\": \"web\", \"minor\": 0}]}",
		"{\"version\": 1, \"mark_mask\": 255, \"ids\": [{\"id\": 1, \"kind\": \"call\", "
		"\"name\": \"web\", \"minor\": 17}]}",
		"{\"version\": 1, \"mark_mask\": 255, \"ids\": [{\"id\": 1, \"kind\": \"inspect\", "
		"\"name\": \"web\", \"minor\": 17}]}",
		"{\"version\": 1, \"mark_mask\": 255, \"ids\": ["
		"{\"id\": 1, \"kind\": \"class\", \"name\": \"a\", \"minor\": 17},"
		"{\"id\": 2, \"kind\": \"class\", \"name\": \"b\", \"minor\": 17}]}",
		"{\"version\": 1, \"mark_mask\": 255, \"ids\": ["
		"{\"id\": 1, \"kind\": \"class\", \"name\": \"a\", \"minor\": 17},"
		"{\"id\": 1, \"kind\": \"class\", \"name\": \"b\", \"minor\": 18}]}",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		struct state loaded;
		write_state(damaged[i]);
		assert_int_equal(state_load(directory, &loaded), -EBADMSG);
		assert_int_equal(loaded.known.ids.count, 0);
		state_fini(&loaded);
	}
}

static void one_daemon_for_a_run_directory(void **state)
{
	pid_t other = 0;
	(void)state;
	char *run_dir = xasprintf("%s/run/deep", directory),
	     *parent = xasprintf("%s/run", directory);
	assert_int_equal(pidfile_read(run_dir), -ESRCH);
	int fd = pidfile_lock(run_dir, &other);
	assert_true(fd >= 0);
	assert_int_equal(pidfile_write(fd), 0);
	assert_int_equal(pidfile_lock(run_dir, &other), -EBUSY);
	assert_int_equal(other, getpid());
	assert_int_equal(pidfile_read(run_dir), getpid());
	pidfile_remove(run_dir, fd);
	assert_int_equal(pidfile_read(run_dir), -ESRCH);
	assert_int_equal(rmdir(run_dir), 0);
	assert_int_equal(rmdir(parent), 0);
	free(run_dir);
	free(parent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_saved_comes_back),
		cmocka_unit_test(names_are_forgotten_for_room),
		cmocka_unit_test(throttles_come_back),
		cmocka_unit_test(damaged_throttles_are_refused_whole),
		cmocka_unit_test(throttles_that_can_be_read),
		cmocka_unit_test(no_file_is_no_error),
		cmocka_unit_test(damage_is_refused_whole),
		cmocka_unit_test(one_daemon_for_a_run_directory),
	};
	return cmocka_run_group_tests_name("state", tests, make, unmake);
}
