/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is on an interface now, read from the kernel: the ingress qdisc, the root qdisc, and, where
 * that is nfshaper's, its classes and their leaf disciplines. */
#ifndef KERNEL_SHAPER_STATE_H
#define KERNEL_SHAPER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/shaper.h"
#include "kernel/shaper_message.h"
#include "kernel/shaper_record.h"

struct shaper_root {
	bool is_foreign; /* somebody put it there, and it is not nfshaper's */
	bool is_ours;
	char kind[SHAPER_KIND_SIZE]; /* empty where there is none to speak of */
	uint32_t handle;
	struct shaper_htb htb; /* if it is ours */
};

struct shaper_ingress {
	bool is_foreign;
	bool is_ours;
	char kind[SHAPER_KIND_SIZE]; /* empty where there is none */
	uint32_t handle;
	uint32_t block; /* of its filters, if it is ours */
};

struct shaper_leaf {
	uint32_t parent; /* its class */
	uint32_t handle;
	char kind[SHAPER_KIND_SIZE];
	uint64_t drops;
};

struct shaper_present {
	uint32_t parent;
	bool has_estimator;
	struct shaper_stats stats;
};

struct shaper_state {
	struct shaper_root root;
	struct shaper_ingress ingress;
	struct shaper_leaf *leaves;
	size_t n_leaves, leaves_capacity;
	struct shaper_present *classes;
	size_t n_classes, classes_capacity;
};

/* 0 or a negative errno with *error (may be NULL) filled; free with shaper_state_fini(). */
int shaper_state_read(struct mnl_socket *socket, int ifindex, struct shaper_state *ret_state,
		      struct nl_error *error);
void shaper_state_fini(struct shaper_state *state);

/* What a message says about a root or an ingress qdisc. */
void shaper_state_take_root(const struct shaper_record *record, struct shaper_root *root);
void shaper_state_take_ingress(const struct shaper_record *record, struct shaper_ingress *ingress);

struct shaper_owned {
	int ifindex;
	bool is_ingress; /* else it is the root */
};

/* All root and ingress qdiscs that are nfshaper's, of all interfaces; *ret_items is to be freed. 0
 * or a negative errno. */
int shaper_state_owned(struct mnl_socket *socket, struct shaper_owned **ret_items,
		       size_t *ret_count, struct nl_error *error);

/* The discipline of class 1:`minor`, NULL where it has only the kernel's own. */
const struct shaper_leaf *shaper_state_leaf(const struct shaper_state *state, uint16_t minor);

/* Class 1:`minor`, or NULL. */
const struct shaper_present *shaper_state_class(const struct shaper_state *state, uint16_t minor);

#endif
