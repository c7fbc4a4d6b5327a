/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The names of users and groups that conditions compare with, held against those of this machine.
 * A name that does not exist is compared all the same: it may come, and it is but a warning.
 */
#ifndef RULES_ACCOUNTS_H
#define RULES_ACCOUNTS_H

#include "config/config.h"
#include "rules/condition.h"
#include "util/diag.h"

#define ACCOUNTS_WARNINGS_MAX 10

struct accounts;

struct accounts *accounts_new(void);
void accounts_free(struct accounts *accounts);

/*
 * Warns of the names in the condition, which is the rule's, that neither the lists of users and
 * groups nor a look-up of that name know (getpwent(3), getpwnam(3)); of each name once, and of so
 * many names in all. Reads the lists when the first name is met.
 */
void accounts_check(struct accounts *accounts, const struct config_rule *rule,
		    const struct condition *condition, struct diags *diags);

#endif
