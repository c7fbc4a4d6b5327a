/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of lint share. */
#ifndef ENGINE_LINT_RULES_H
#define ENGINE_LINT_RULES_H

#include "config/config.h"
#include "rules/normal_form.h"
#include "rules/ruleset.h"

/* A rule, and what it is not: both as an `or` of conjunctions. */
struct lint_rule {
	struct condition opposite; /* `not` and the rule's own condition, borrowed */
	struct normal_form holds;
	struct normal_form fails;
	uint64_t needs; /* bits 1 << attribute that whatever the rule covers has tests of */
	bool is_false;
	bool is_true;
	bool is_hidden;
	struct lint_hidden {
		const struct config_management *entry; /* NULL: nothing is hidden */
		bool comes_in;
	} hidden; /* what of the rule is exempt where some of it is seen */
};

/* The condition (NULL: every packet matches) has to outlive the rule, which ends with x_fini(). */
void lint_rule_init(struct lint_rule *rule, const struct condition *condition);
void lint_rule_fini(struct lint_rule *rule);

/* Whether all that satisfies the conjunction satisfies the rule too. */
bool lint_covers(const struct lint_rule *rule, const struct conjunction *conjunction,
		 uint64_t *work);

/*
 * Marks the rules that can only match what `management:` exempts, and those of which it exempts all
 * that a protocol has in one direction, such as `dport == 22` of what comes in by TCP.
 */
void lint_find_hidden(const struct config *config, struct lint_rule *rules, size_t count,
		      uint64_t *work);

#endif
