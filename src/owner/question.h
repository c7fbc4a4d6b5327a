/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One question and the work at it, step by step; for resolver.c. Belongs to its thread. */
#ifndef OWNER_QUESTION_H
#define OWNER_QUESTION_H

#include "kernel/cgroup.h"
#include "owner/lookup.h"
#include "owner/search.h"

/* What the work needs. */
struct workshop {
	const char *proc;
	struct owner_cache *cache;
	struct owner_counters *counters;
	struct process_table *table;
	struct sock_diag *diag;
	struct cgroup_tree *cgroups; /* NULL: there are none of version 2 */
	bool is_followed; /* the table is kept current; else it is read anew for each search */
	uint64_t scanned_ns;
	struct owner_names names; /* room */
};

struct question {
	struct owner_query query;
	enum owner_level level;
	uint64_t token;
	uint64_t asked_ns;
	struct found found;
	bool is_searching;
	bool is_at_last; /* only at who had the socket last, so far */
	struct search search;
};

/* Does a piece of it. True: question->found is what there is, and its names are in the cache. */
bool question_work(struct question *question, struct workshop *shop);

/* Gives up what it holds. */
void question_end(struct question *question);

#endif
