/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who has the local end of a connection: what the rules may ask about it. Filled in levels, each
 * dearer than the one before, and only as far as a rule that may still match asks for.
 */
#ifndef RULES_OWNER_H
#define RULES_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum owner_level {
	OWNER_NOTHING, /* nothing was looked up */
	OWNER_USER,    /* user, uid, group, gid */
	OWNER_SOCKET,  /* and cgroup, unit */
	OWNER_PROCESS  /* and pid, cmd, args, exe */
};

/* Up to `level`, what is NULL or has no value is not known, and never will be. Texts are borrowed.
 */
struct owner {
	enum owner_level level;
	bool has_uid;
	bool has_gid;
	bool has_pid;
	uint32_t uid;
	uint32_t gid;
	uint32_t pid;
	const char *user; /* names; NULL also where the number has none */
	const char *group;
	const char *cgroup;      /* path below the cgroup2 root: "/system.slice/ssh.service" */
	const char *unit;        /* of systemd: "ssh.service" */
	const char *cmd;         /* argv[0] */
	const char *const *args; /* the rest of argv */
	size_t n_args;
	const char *exe; /* the file that runs */
};

#endif
