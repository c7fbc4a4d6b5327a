/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A table in memory: chains with rules, sets with elements, counters. It is built once
 * (table_build.c from a plan, features.c for its trials) and then either sent to the kernel
 * (table_send.h) or printed in the words of nft(8) (table_print.c). Every rule carries both forms,
 * made word by word in table_rule.c, so that text and kernel cannot drift apart.
 *
 * Everything belongs to the model; names and comments are copied. Pointers to chains, rules and
 * sets stay valid until table_model_free().
 */
#ifndef KERNEL_TABLE_MODEL_H
#define KERNEL_TABLE_MODEL_H

#include <stddef.h>
#include <stdint.h>

struct nftnl_rule;

/* Where a base chain is hooked; all are of type filter, family inet, policy accept. */
struct table_hook {
	const char *name; /* as nft(8) has it */
	uint32_t number;  /* NF_INET_… */
	int priority;
};

struct table_rule {
	char *text;
	struct nftnl_rule *nl; /* its expressions */
};

struct table_chain {
	char *name;
	const struct table_hook *hook; /* NULL: a regular chain; else a static object */
	char *comment;                 /* or NULL */
	struct table_rule **rules;
	size_t n_rules;
	size_t rules_capacity;
};

/* Data types of nft(8), src/datatype.c there; the numbers are kept by the kernel for nft. */
enum table_type {
	TABLE_TYPE_NONE,
	TABLE_TYPE_MARK,
	TABLE_TYPE_CLASSID,
	TABLE_TYPE_IFNAME,
	TABLE_TYPE_VERDICT
};

struct table_element {
	uint32_t key;   /* of the numeric types */
	char *name;     /* key of TABLE_TYPE_IFNAME, else NULL */
	uint32_t value; /* data of a map to numbers */
	char *chain;    /* data of a map to verdicts (goto), else NULL */
};

/* A set, or a map where `data` is not TABLE_TYPE_NONE. */
struct table_set {
	char *name;
	enum table_type key;
	enum table_type data;
	uint32_t size; /* most elements, or 0: none given; see table_set_limit() */
	struct table_element *elements;
	size_t n_elements;
	size_t elements_capacity;
};

struct table_model {
	char *name;
	char **counters;
	size_t n_counters;
	size_t counters_capacity;
	struct table_set **sets;
	size_t n_sets;
	size_t sets_capacity;
	struct table_chain **chains;
	size_t n_chains;
	size_t chains_capacity;
};

struct table_model *table_model_new(const char *name);
void table_model_free(struct table_model *model);

void table_model_counter(struct table_model *model, const char *name);
struct table_set *table_model_set(struct table_model *model, const char *name, enum table_type key,
				  enum table_type data);
/*
 * Says how many elements it can have at most. The kernel then takes a hash of fixed size for it,
 * which costs a packet less than the one that grows (nft_hash_fast_estimate in
 * net/netfilter/nft_set_hash.c).
 */
void table_set_limit(struct table_set *set, uint32_t size);
/* `hook` and `comment` may be NULL. */
struct table_chain *table_model_chain(struct table_model *model, const char *name,
				      const struct table_hook *hook, const char *comment);

/* An element with a number as key; `value` or `chain` (NULL) as the set has it. */
void table_set_add(struct table_set *set, uint32_t key, uint32_t value, const char *chain);
/* The same with the name of an interface as key. */
void table_set_add_name(struct table_set *set, const char *name, const char *chain);

/* An empty rule at the end of the chain, to be filled by the words of table_rule.h. */
struct table_rule *table_chain_rule(struct table_chain *chain);

#endif
