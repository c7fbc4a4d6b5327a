/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Walks over tests/import: NN-name.conf is imported, and compared are
 *
 *   NN-name.yaml  what is printed; it is also loaded and compiled, without errors
 *   NN-name.err   a wrong file: all that is said of it, while nothing is printed
 *
 * The source folder is argv[1], or $srcdir, or the present one.
 */
#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "cli/import.h"
#include "util/alloc.h"

#define GOOD_FILES_MIN 12
#define WRONG_FILES_MIN 3

static char *read_whole(const char *path)
{
	char *text = NULL;
	size_t length, size = 0;
	FILE *file = fopen(path, "r");
	if (!file)
		return NULL;
	FILE *memory = open_memstream(&text, &size);
	char buffer[4096];
	while ((length = fread(buffer, 1, sizeof(buffer), file)) > 0)
		fwrite(buffer, 1, length, memory);
	fclose(file);
	fclose(memory);
	return text;
}

/* `name` with another ending, read; NULL where there is none. */
static char *read_expected(const char *name, const char *ending)
{
	char *path = xasprintf("%.*s%s", (int)(strlen(name) - strlen(".conf")), name, ending);
	char *text = read_whole(path);
	free(path);
	return text;
}

static char *diags_text(const struct diags *diags)
{
	char *text = NULL;
	size_t size;
	FILE *memory = open_memstream(&text, &size);
	diags_print(diags, memory);
	fclose(memory);
	return text;
}

static char *import(const char *path, char **ret_said, int *ret_error)
{
	struct diags diags;
	char *printed = NULL;
	size_t size;
	diags_init(&diags);
	FILE *memory = open_memstream(&printed, &size);
	*ret_error = import_pyshaper(path, memory, &diags);
	fclose(memory);
	*ret_said = diags_text(&diags);
	assert_int_equal(*ret_error != 0, diags.errors > 0);
	diags_fini(&diags);
	return printed;
}

/* What is printed for a good file is a good file. */
static void check_round_trip(const char *name, const char *yaml)
{
	struct ids none = {0};
	struct diags diags;
	diags_init(&diags);
	struct snapshot *snapshot = fixture_load(yaml, &none, &diags);
	if (!snapshot || diags.errors) {
		diags_print(&diags, stderr);
		fail_msg("%s: what was imported has errors", name);
	}
	snapshot_free(snapshot);
	diags_fini(&diags);
}

/* True where the file is a good one. */
static bool check_file(const char *name)
{
	char *said;
	int error;
	char *printed = import(name, &said, &error);
	char *yaml = read_expected(name, ".yaml"), *wrong = read_expected(name, ".err");
	bool is_good = yaml != NULL;
	if (is_good == (wrong != NULL))
		fail_msg("%s: there should be either a .yaml or an .err", name);
	if (is_good) {
		assert_string_equal(said, "");
		assert_string_equal(printed, yaml);
		check_round_trip(name, printed);
	} else {
		assert_int_not_equal(error, 0);
		assert_string_equal(said, wrong);
		assert_string_equal(printed, "");
	}
	free(printed);
	free(said);
	free(yaml);
	free(wrong);
	return is_good;
}

static int is_conf(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return length > 5 && strcmp(entry->d_name + length - 5, ".conf") == 0;
}

static void test_all(void **state)
{
	struct dirent **entries;
	unsigned good = 0, wrong = 0;
	(void)state;
	int count = scandir(".", &entries, is_conf, alphasort);
	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		if (check_file(entries[i]->d_name))
			good++;
		else
			wrong++;
		free(entries[i]);
	}
	free(entries);
	assert_true(good >= GOOD_FILES_MIN);
	assert_true(wrong >= WRONG_FILES_MIN);
}

static void test_no_file(void **state)
{
	char *said;
	int error;
	(void)state;
	char *printed = import("there-is-none.conf", &said, &error);
	assert_int_equal(error, -ENOENT);
	assert_string_equal(said,
			    "there-is-none.conf: cannot be read: No such file or directory\n");
	assert_string_equal(printed, "");
	free(printed);
	free(said);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_no_file),
	};
	const char *source = argc > 1 ? argv[1] : getenv("srcdir");
	char *folder = xasprintf("%s/tests/import", source ? source : ".");
	if (chdir(folder)) {
		perror(folder);
		return 1;
	}
	free(folder);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
