/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rules, compiled. The seam between the packet path and whatever finds the first matching
 * rule: callers know ruleset_match() only.
 */
#ifndef RULES_RULESET_H
#define RULES_RULESET_H

#include <stddef.h>

#include "config/config.h"
#include "rules/facts.h"
#include "rules/owner.h"
#include "util/diag.h"

struct condition;
struct ruleset;
struct schedule;

/*
 * Compiles the `if:` of every rule. Errors and warnings go to *diags with their places; with an
 * error the result is NULL. Does not keep the configuration. The caller frees the result.
 */
struct ruleset *ruleset_compile(const struct config *config, struct diags *diags);
void ruleset_free(struct ruleset *ruleset);

size_t ruleset_count(const struct ruleset *ruleset);

/* A rule's condition, which belongs to the ruleset; NULL: every packet matches. */
const struct condition *ruleset_condition(const struct ruleset *ruleset, size_t rule);

/* True where some rule asks for a country: a geoip database is needed. */
bool ruleset_needs_geo(const struct ruleset *ruleset);

/* When rules change by themselves (schedule.h). */
const struct schedule *ruleset_schedule(const struct ruleset *ruleset);

/*
 * The index of the first rule from `from` on that the packet matches, or -1. Pure: no input or
 * output, no allocation, no clock; any number of threads may call it at the same time.
 */
int ruleset_match_from(const struct ruleset *ruleset, const struct facts *facts, size_t from);

/* The first of all. */
static inline int ruleset_match(const struct ruleset *ruleset, const struct facts *facts)
{
	return ruleset_match_from(ruleset, facts, 0);
}

/*
 * The same, where owners may have to be looked up. *ret_wants above OWNER_NOTHING: the answer is
 * void, for it depends on that level of facts->owner; to be filled, and asked again.
 */
int ruleset_match_asking(const struct ruleset *ruleset, const struct facts *facts, size_t from,
			 enum owner_level *ret_wants);

/*
 * The same for a connection of which some attributes are not known to the caller, though a packet
 * of it may have them (facts->open). *ret_is_open: the answer is void, for it depends on one of
 * these, or on an owner that is not looked up.
 */
int ruleset_match_open(const struct ruleset *ruleset, const struct facts *facts, size_t from,
		       bool *ret_is_open);

/*
 * The same answer, got by trying one rule after the other: what ruleset_match_from() is held
 * against.
 */
int ruleset_match_plain(const struct ruleset *ruleset, const struct facts *facts, size_t from);

/* Whether one rule matches. */
bool ruleset_rule_matches(const struct ruleset *ruleset, size_t rule, const struct facts *facts);

/*
 * Why a rule matches or not, in one line for a person: the tests that decided it, with the values
 * that the packet has, e.g. `dport == 25 is false: dport is 443` or
 * `cc in [NZ, AU] is false: cc is not known`. The caller frees the text.
 */
char *ruleset_explain(const struct ruleset *ruleset, size_t rule, const struct facts *facts);

#endif
