/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copies of configurations: what was read is read again, whatever has become of the files. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/kept.h"
#include "fixture.h"
#include "util/alloc.h"
#include "util/file.h"

static const char main_text[] =
	"version: 1\r\n"
	"sets:\r\n"
	"  ports: file:ports.txt\r\n"
	"rules:\r\n"
	"  - {name: \"caf\xc3\xa9 \\\"x\\\"\", if: dport in @ports, action: drop}\r\n";

static char folder[64];

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/nfshaper-kept-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static char *path_of(const char *name)
{
	return xasprintf("%s/%s", folder, name);
}

static void drop(const char *name)
{
	char *path = path_of(name);
	unlink(path);
	free(path);
}

static int tear_down(void **state)
{
	(void)state;
	drop("rules.yaml");
	drop("ports.txt");
	drop(KEPT_CONFIRMED);
	drop(KEPT_UNCONFIRMED);
	assert_int_equal(rmdir(folder), 0);
	return 0;
}

static void put(const char *name, const char *text)
{
	char *path = path_of(name);
	assert_int_equal(file_replace(path, 0644, text, strlen(text)), 0);
	free(path);
}

static struct config *load(void)
{
	struct diags diags;
	diags_init(&diags);
	char *path = path_of("rules.yaml");
	struct config *config = config_load(path, &diags);
	if (diags.errors)
		diags_print(&diags, stderr);
	assert_int_equal(diags.errors, 0);
	free(path);
	diags_fini(&diags);
	return config;
}

static void write_files(void)
{
	put("rules.yaml", main_text);
	put("ports.txt", "\xef\xbb\xbf"
			 "25 # mail\n\n110\n");
}

static void check_config(const struct config *config)
{
	const struct config_set *set = config_set_find(config, "ports");
	assert_non_null(set);
	assert_int_equal(set->n_entries, 2);
	assert_string_equal(set->entries[0].text, "25");
	assert_string_equal(set->entries[1].text, "110");
	assert_int_equal(set->entries[1].at.line, 3);
	assert_string_equal(config->rules[0].name, "caf\xc3\xa9 \"x\"");
}

static void test_round_trip(void **state)
{
	struct config_files files;
	struct diags diags;
	struct stat status;
	(void)state;
	write_files();
	struct config *config = load();
	assert_int_equal(config->files.count, 2);
	assert_int_equal(kept_save(folder, KEPT_UNCONFIRMED, &config->files), 0);
	drop("rules.yaml");
	put("ports.txt", "not what it was\n");
	assert_int_equal(kept_load(folder, KEPT_CONFIRMED, &files), -ENOENT);
	assert_int_equal(kept_confirm(folder), 0);
	assert_int_equal(kept_confirm(folder), -ENOENT);
	assert_int_equal(kept_load(folder, KEPT_CONFIRMED, &files), 0);
	assert_true(config_files_equal(&files, &config->files));

	diags_init(&diags);
	struct config *again = config_load_kept(&files, &diags);
	assert_int_equal(diags.errors, 0);
	check_config(config);
	check_config(again);
	assert_string_equal(again->path, config->path);
	char *path = path_of(KEPT_CONFIRMED);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	free(path);
	diags_fini(&diags);
	config_free(again);
	config_free(config);
}

static void test_equal(void **state)
{
	struct config_files files;
	(void)state;
	write_files();
	struct config *config = load();
	assert_int_equal(kept_save(folder, KEPT_UNCONFIRMED, &config->files), 0);
	config_free(config);
	assert_int_equal(kept_load(folder, KEPT_UNCONFIRMED, &files), 0);
	config = load();
	assert_true(config_files_equal(&files, &config->files));
	config_free(config);
	/* Another set, and nothing else. */
	put("ports.txt", "25\n111\n");
	config = load();
	assert_false(config_files_equal(&files, &config->files));
	config_free(config);
	config_files_fini(&files);
	kept_forget(folder);
	assert_int_equal(kept_load(folder, KEPT_UNCONFIRMED, &files), -ENOENT);
}

static void test_damaged(void **state)
{
	static const char *const texts[] = {
		"",
		"{}",
		"[]",
		"{\"version\": 2, \"files\": [{\"path\": \"/a\", \"text\": \"\"}]}",
		"{\"version\": 1, \"files\": []}",
		"{\"version\": 1, \"files\": [{\"path\": \"/a\", \"text\": \"\"}, {}]}",
		"{\"version\": 1, \"files\": [{\"path\": \"/a\", \"text\": 5}]}",
		"{\"version\": 1, \"files\": [{\"path\": \"/a\", \"te",
	};
	struct config_files files;
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put(KEPT_CONFIRMED, texts[i]);
		assert_int_equal(kept_load(folder, KEPT_CONFIRMED, &files), -EBADMSG);
	}
	assert_int_equal(kept_load("/dev/null", KEPT_CONFIRMED, &files), -ENOENT);
}

/* A file that the copy lacks is an error, also where the disk has it. */
static void test_incomplete(void **state)
{
	struct config_files files = {0};
	struct diags diags;
	(void)state;
	write_files();
	char *path = path_of("rules.yaml");
	config_files_add(&files, path, main_text, strlen(main_text));
	free(path);
	diags_init(&diags);
	struct config *config = config_load_kept(&files, &diags);
	assert_int_equal(diags.errors, 1);
	assert_non_null(strstr(diags.items[0].message, "not in the copy"));
	diags_fini(&diags);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_equal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_incomplete, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
