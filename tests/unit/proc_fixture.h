/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder made to look like /proc: processes with their descriptors. */
#ifndef TESTS_UNIT_PROC_FIXTURE_H
#define TESTS_UNIT_PROC_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char proc[] = "/tmp/nfshaper-test-XXXXXX";

static inline int remove_entry(const char *path, const struct stat *status, int kind,
			       struct FTW *where)
{
	(void)status;
	(void)kind;
	(void)where;
	return remove(path);
}

static inline int make_proc(void **state)
{
	(void)state;
	strcpy(proc + strlen(proc) - 6, "XXXXXX");
	return mkdtemp(proc) ? 0 : -1;
}

static inline int remove_proc(void **state)
{
	(void)state;
	return nftw(proc, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static inline const char *path_of(uint32_t pid, const char *name)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s/%u/%s", proc, pid, name);
	return path;
}

static inline void put_file(uint32_t pid, const char *name, const char *bytes, size_t length)
{
	FILE *file = fopen(path_of(pid, name), "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	fclose(file);
}

static inline void put_text(uint32_t pid, const char *name, const char *text)
{
	put_file(pid, name, text, strlen(text));
}

static inline void put_status(uint32_t pid, uint32_t parent, uint32_t uid)
{
	char text[256];
	snprintf(text, sizeof(text),
		 "Name:\tx\nPPid:\t%u\nTracerPid:\t7\nUid:\t9\t%u\t9\t9\nGid:\t8\t%u\t8\t8\n",
		 parent, uid, uid + 1);
	put_text(pid, "status", text);
}

static inline void put_start(uint32_t pid, unsigned ticks)
{
	char text[256];
	snprintf(text, sizeof(text),
		 "%u (a) b (c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 %u 20 21\n", pid,
		 ticks);
	put_text(pid, "stat", text);
}

static inline void put_process(uint32_t pid, uint32_t parent, uint32_t uid)
{
	char command[32];
	assert_int_equal(mkdir(path_of(pid, ""), 0755), 0);
	assert_int_equal(mkdir(path_of(pid, "fd"), 0755), 0);
	put_status(pid, parent, uid);
	put_start(pid, 1000 + pid);
	int length = snprintf(command, sizeof(command), "program%u", pid);
	put_file(pid, "cmdline", command, (size_t)length + 1);
	assert_int_equal(symlink("/usr/bin/program", path_of(pid, "exe")), 0);
}

static inline void put_socket(uint32_t pid, unsigned number, unsigned inode)
{
	char name[32], link[32];
	snprintf(name, sizeof(name), "fd/%u", number);
	snprintf(link, sizeof(link), "socket:[%u]", inode);
	assert_int_equal(symlink(link, path_of(pid, name)), 0);
}

/* A test with a folder of its own. */
#define PROC_TEST(name) cmocka_unit_test_setup_teardown(name, make_proc, remove_proc)

#endif
