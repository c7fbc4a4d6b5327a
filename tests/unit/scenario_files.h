/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every NAME.txt of a folder of tests/ as a test of its own. */
#ifndef TESTS_SCENARIO_FILES_H
#define TESTS_SCENARIO_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCENARIOS_MAX 100

static inline int is_scenario(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return length > 4 && strcmp(entry->d_name + length - 4, ".txt") == 0;
}

/*
 * Runs them; returns the exit status. The source folder is argv[1], or $srcdir, or the present one.
 * *state of `run_file` is the file's path.
 */
static inline int run_scenarios(int argc, char **argv, const char *folder, const char *group,
				CMUnitTestFunction run_file)
{
	static char paths[SCENARIOS_MAX][1024];
	struct CMUnitTest tests[SCENARIOS_MAX];
	struct dirent **entries;
	char path[512];
	const char *source = argc > 1 ? argv[1] : getenv("srcdir");
	snprintf(path, sizeof(path), "%s/%s", source ? source : ".", folder);
	int count = scandir(path, &entries, is_scenario, alphasort);
	if (count < 1 || count > SCENARIOS_MAX) {
		fprintf(stderr, "no scenarios, or too many, in %s\n", path);
		return 1;
	}
	for (int i = 0; i < count; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/%s", path, entries[i]->d_name);
		tests[i] = (struct CMUnitTest){strrchr(paths[i], '/') + 1, run_file, NULL, NULL,
					       paths[i]};
		free(entries[i]);
	}
	free(entries);
	return _cmocka_run_group_tests(group, tests, (size_t)count, NULL, NULL);
}

#endif
