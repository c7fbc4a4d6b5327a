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
 * output, no allocation, no clock; any number of threads may call it at the same time. What is not
 * looked up of an owner counts as not known.
 */
int ruleset_match_from(const struct ruleset *ruleset, const struct facts *facts, size_t from);

/* The first of all. */
static inline int ruleset_match(const struct ruleset *ruleset, const struct facts *facts)
{
	return ruleset_match_from(ruleset, facts, 0);
}

/* The most that some rule asks of the owner; OWNER_NOTHING: owners need not be looked up at all. */
enum owner_level ruleset_owner_level(const struct ruleset *ruleset);

/*
 * The same, where some attributes are open: facts->open, which are not to be had from where the
 * facts come from, and what of the owner is not looked up yet (facts->owner). *ret_open not 0: the
 * answer is void, for the rule that it names matches or not, depending on these (bits 1 <<
 * attribute). Without an owner nothing is looked up, or, where the packet is forwarded, all: there
 * is none.
 */
int ruleset_match_open(const struct ruleset *ruleset, const struct facts *facts, size_t from,
		       uint64_t *ret_open);

/*
 * The same where facts->open is 0. *ret_wants above OWNER_NOTHING: the answer is void, for it
 * depends on that level of facts->owner; to be filled, and asked again. It is the lowest level that
 * may bring the answer nearer.
 */
int ruleset_match_asking(const struct ruleset *ruleset, const struct facts *facts, size_t from,
			 enum owner_level *ret_wants);

/*
 * The answer of ruleset_match_from(), got by trying one rule after the other: what that is held
 * against.
 */
int ruleset_match_plain(const struct ruleset *ruleset, const struct facts *facts, size_t from);

/* Whether one rule matches. */
bool ruleset_rule_matches(const struct ruleset *ruleset, size_t rule, const struct facts *facts);

/*
 * The owner of a connection is looked up for its first packet, and what a rule's tests on it answer
 * then holds for later ones. How many such tests the rule has; what the first `count` of them (at
 * most 64) answer, a bit each; and whether a later packet matches with these answers. Tests beyond
 * them answer so that it does: the first packet did.
 */
unsigned ruleset_owner_tests(const struct ruleset *ruleset, size_t rule);
uint64_t ruleset_owner_answers(const struct ruleset *ruleset, size_t rule,
			       const struct facts *facts, unsigned count);
bool ruleset_rule_matches_told(const struct ruleset *ruleset, size_t rule,
			       const struct facts *facts, uint64_t answers, unsigned count);

/*
 * Why a rule matches or not, in one line for a person: the tests that decided it, with the values
 * that the packet has, e.g. `dport == 25 is false: dport is 443` or
 * `cc in [NZ, AU] is false: cc is not known`. The caller frees the text.
 */
char *ruleset_explain(const struct ruleset *ruleset, size_t rule, const struct facts *facts);

#endif
