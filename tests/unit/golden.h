/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Golden files: each NN-name.yaml of the present folder is loaded, and compared are
 *
 *   NN-name.err   a wrong file: all that is printed
 *   NN-name.warn  a good file: the warnings, where there are any
 *   NN-name.ok    a good file: what else the test says of it
 */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

/* What one file gives. */
struct golden_texts {
	char *diagnostics;
	char *numbers; /* NULL where it was wrong */
};

static inline void golden_texts_fini(struct golden_texts *texts)
{
	free(texts->diagnostics);
	free(texts->numbers);
}

/* The file NAME.SUFFIX, or NULL. */
static inline char *golden_expected(const char *name, const char *suffix)
{
	char *path = xasprintf("%.*s.%s", (int)(strlen(name) - strlen(".yaml")), name, suffix);
	FILE *in = fopen(path, "r");
	free(path);
	if (!in)
		return NULL;
	char *text = NULL;
	size_t size = 0;
	if (getdelim(&text, &size, '\0', in) < 0) {
		free(text);
		text = xstrdup("");
	}
	fclose(in);
	return text;
}

static inline unsigned golden_compare(const char *name, const char *what, const char *want,
				      const char *got)
{
	if (want && strcmp(want, got) == 0)
		return 0;
	fprintf(stderr, "%s: %s differ; expected:\n%s--- got:\n%s---\n", name, what,
		want ? want : "(no such file)\n", got);
	return 1;
}

static inline unsigned golden_check_file(const char *name, struct golden_texts *texts,
					 unsigned *wrong, unsigned *good)
{
	unsigned failures = 0;
	if (texts->numbers) {
		char *warnings = golden_expected(name, "warn");
		char *numbers = golden_expected(name, "ok");
		failures += golden_compare(name, "warnings", warnings ? warnings : "",
					   texts->diagnostics);
		failures += golden_compare(name, "numbers", numbers, texts->numbers);
		free(warnings);
		free(numbers);
		++*good;
	} else {
		char *errors = golden_expected(name, "err");
		failures += golden_compare(name, "errors", errors, texts->diagnostics);
		free(errors);
		++*wrong;
	}
	return failures;
}

static inline int golden_is_yaml(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return length > 5 && strcmp(entry->d_name + length - 5, ".yaml") == 0;
}

/* All files of the present folder; there must be so many at least, lest some got lost. */
static inline void golden_check_folder(struct golden_texts (*load)(const char *path),
				       unsigned wrong_min, unsigned good_min)
{
	struct dirent **entries;
	unsigned failures = 0, wrong = 0, good = 0;
	int count = scandir(".", &entries, golden_is_yaml, alphasort);
	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		struct golden_texts texts = load(entries[i]->d_name);
		failures += golden_check_file(entries[i]->d_name, &texts, &wrong, &good);
		golden_texts_fini(&texts);
		free(entries[i]);
	}
	free(entries);
	assert_int_equal(failures, 0);
	assert_true(wrong >= wrong_min);
	assert_true(good >= good_min);
}

#endif
