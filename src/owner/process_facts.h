/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What rules may ask about one process, read once and shared by threads: it does not change, but
 * for the flag that says that it holds no longer. Counted references.
 */
#ifndef OWNER_PROCESS_FACTS_H
#define OWNER_PROCESS_FACTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A socket that was seen at a process. */
struct seen_socket {
	uint64_t inode;
	uint32_t descriptor;
};

struct heritage;

/* A command line is read as far as this. */
#define PROCESS_CMDLINE_MAX 65536

struct process_facts {
	_Atomic unsigned references;
	_Atomic bool is_over; /* the process has ended, or runs another program */
	uint32_t pid;
	uint32_t gid;         /* effective */
	uint64_t start_ticks; /* with the pid, nobody else's */
	const char *cmd;      /* argv[0]; NULL where there is no command line */
	const char **args;    /* the rest */
	size_t n_args;
	char *exe; /* NULL: not known */
	char *words;
	_Atomic(struct heritage *) heritage; /* NULL: not known */
	bool is_explored;                    /* it was tried to learn it; the resolver's thread's */
};

/*
 * Reads them out of /proc (`proc`: its path). NULL where the process has ended, or is about to: it
 * still has descriptors when its command line is gone. One reference.
 */
struct process_facts *process_facts_load(const char *proc, uint32_t pid);

/*
 * Its heritage: the sockets that it may have inherited, which are all that it had when the whole of
 * its descriptors was looked at for the first time. Once.
 */
void process_facts_set_heritage(struct process_facts *facts, const struct seen_socket *seen,
				size_t count);

/* A socket that it has now: true where it has opened it itself, false where that is not known. */
bool process_facts_has_opened(const struct process_facts *facts, uint64_t inode);

struct process_facts *process_facts_ref(struct process_facts *facts);
/* NULL is allowed. */
void process_facts_unref(struct process_facts *facts);

#endif
