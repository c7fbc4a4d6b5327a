/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One question and the work at it, step by step. Belongs to the resolver's thread. */
#ifndef OWNER_QUESTION_H
#define OWNER_QUESTION_H

#include "owner/search.h"
#include "owner/workshop.h"

struct question {
	struct owner_query query;
	enum owner_level level;
	uint64_t token;
	uint64_t asked_ns;
	bool has_looked; /* `found` is what the packet and the socket tell */
	struct found found;
	bool is_searching;
	struct search search;
};

/* Does a piece of it. True: question->found is what there is, and its names are in the cache. */
bool question_work(struct question *question, struct workshop *shop);

/* Gives up what it holds. */
void question_end(struct question *question, struct workshop *shop);

#endif
