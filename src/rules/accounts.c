/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/accounts.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "config/report.h"
#include "rules/attribute.h"
#include "util/alloc.h"
#include "util/text.h"

/* The users, or the groups. */
struct list {
	struct text_set names;
	bool is_read;
};

struct accounts {
	struct list users;
	struct list groups;
	struct text_set reported; /* in the order of the warnings, all attributes together */
};

struct accounts *accounts_new(void)
{
	return xcalloc(1, sizeof(struct accounts));
}

void accounts_free(struct accounts *accounts)
{
	text_set_fini(&accounts->users.names);
	text_set_fini(&accounts->groups.names);
	text_set_fini(&accounts->reported);
	free(accounts);
}

static void read_users(struct text_set *names)
{
	setpwent();
	for (const struct passwd *user; (user = getpwent());)
		text_set_add(names, user->pw_name);
	endpwent();
}

static void read_groups(struct text_set *names)
{
	setgrent();
	for (const struct group *group; (group = getgrent());)
		text_set_add(names, group->gr_name);
	endgrent();
}

/* A directory service may know more names than it lists. */
static bool exists(struct list *list, bool is_user, const char *name)
{
	if (!list->is_read) {
		if (is_user)
			read_users(&list->names);
		else
			read_groups(&list->names);
		text_set_seal(&list->names);
		list->is_read = true;
	}
	if (text_set_has(&list->names, name, strlen(name)))
		return true;
	return is_user ? getpwnam(name) != NULL : getgrnam(name) != NULL;
}

static bool is_reported(const struct accounts *accounts, const char *name)
{
	for (size_t i = 0; i < accounts->reported.count; i++)
		if (strcmp(accounts->reported.texts[i], name) == 0)
			return true;
	return false;
}

static void check_name(struct accounts *accounts, bool is_user, const char *name, struct place at,
		       struct diags *diags)
{
	struct list *list = is_user ? &accounts->users : &accounts->groups;
	const char *what = is_user ? "user" : "group";
	if (accounts->reported.count == ACCOUNTS_WARNINGS_MAX || is_reported(accounts, name) ||
	    exists(list, is_user, name))
		return;
	const char *nearest =
		text_nearest(name, (const char *const *)list->names.texts, list->names.count);
	text_set_add(&accounts->reported, name);
	diag_warning(diags, at, "there is no %s `%s` on this machine%s%s%s", what, SHOWN(name),
		     nearest ? "; did you mean `" : ": it is compared by its name",
		     nearest ? nearest : "", nearest ? "`?" : "");
}

static void check_predicate(struct accounts *accounts, const struct config_rule *rule,
			    const struct predicate *predicate, struct diags *diags)
{
	bool is_user = predicate->attribute == ATTR_USER;
	struct place at = config_text_place(&rule->condition, predicate->offset);
	if (predicate->kind != PREDICATE_TEXTS || (!is_user && predicate->attribute != ATTR_GROUP))
		return;
	for (size_t i = 0; i < predicate->texts.count; i++)
		check_name(accounts, is_user, predicate->texts.texts[i], at, diags);
}

void accounts_check(struct accounts *accounts, const struct config_rule *rule,
		    const struct condition *condition, struct diags *diags)
{
	if (condition->kind == EXPR_TEST)
		check_predicate(accounts, rule, &condition->predicate, diags);
	for (size_t i = 0; i < condition->n_children; i++)
		accounts_check(accounts, rule, &condition->children[i], diags);
}
