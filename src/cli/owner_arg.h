/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The owner of a connection as the command line of `explain` describes it. */
#ifndef CLI_OWNER_ARG_H
#define CLI_OWNER_ARG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/facts.h"
#include "rules/owner.h"

struct owner_arg {
	uint64_t told; /* bits 1 << attribute; 0: nothing is told of an owner */
	struct owner owner;
	const char **args; /* owned; the words are borrowed, as all texts but these: */
	size_t args_capacity;
	char *user;
	char *group;
};

/*
 * Takes KEY=VALUE, KEY being the name of that attribute, which is one of the owner. A user or a
 * group may be given by its number; `args` is split into words as a shell does it, in place, and
 * more of them add to it. EXIT_DONE, or EXIT_USAGE after a message; both end with owner_arg_fini().
 */
int owner_arg_take(struct owner_arg *arg, enum attribute attribute, char *value);

/* After the last one: the name that this machine has for a number, and the other way round. */
void owner_arg_complete(struct owner_arg *arg);
void owner_arg_fini(struct owner_arg *arg);

#endif
