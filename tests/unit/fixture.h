/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the unit tests of the upper layers share: a configuration out of a text. */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/snapshot.h"

/* Loads the text as a file; NULL with *diags filled where it has errors. */
static inline struct snapshot *
fixture_load_known(const char *text, const struct snapshot_known *known, struct diags *diags)
{
	char path[] = "/tmp/nfshaper-test-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_true(dprintf(fd, "%s", text) >= 0);
	close(fd);
	struct snapshot *snapshot = snapshot_load(path, known, diags);
	unlink(path);
	return snapshot;
}

/* The same where the text must be right. */
static inline struct snapshot *fixture_snapshot_known(const char *text,
						      const struct snapshot_known *known)
{
	struct diags diags;
	diags_init(&diags);
	struct snapshot *snapshot = fixture_load_known(text, known, &diags);
	if (!snapshot)
		diags_print(&diags, stderr);
	assert_non_null(snapshot);
	diags_fini(&diags);
	return snapshot;
}

/* The same two where no throttle is known. */
static inline struct snapshot *fixture_load(const char *text, const struct ids *known,
					    struct diags *diags)
{
	struct snapshot_known all = {.ids = *known};
	return fixture_load_known(text, &all, diags);
}

static inline struct snapshot *fixture_snapshot(const char *text, const struct ids *known)
{
	struct snapshot_known all = {.ids = *known};
	return fixture_snapshot_known(text, &all);
}

#endif
