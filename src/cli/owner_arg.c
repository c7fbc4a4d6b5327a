/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/owner_arg.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "rules/attribute.h"
#include "util/alloc.h"
#include "util/text.h"

#define BLANKS " \t\n"

static void add_word(struct owner_arg *arg, const char *word)
{
	arg->args =
		array_grow(arg->args, arg->owner.n_args, &arg->args_capacity, sizeof(*arg->args));
	arg->args[arg->owner.n_args++] = word;
}

/* Copies one word without its quotes; both pointers move behind it. False: a quote stays open. */
static bool copy_word(char **from, char **to)
{
	char quote = '\0';
	for (; **from && (quote || !strchr(BLANKS, **from)); (*from)++) {
		bool is_quote = quote ? **from == quote : **from == '\'' || **from == '"';
		if (is_quote) {
			quote = quote ? '\0' : **from;
			continue;
		}
		if (**from == '\\' && quote != '\'' && (*from)[1])
			(*from)++;
		*(*to)++ = **from;
	}
	*from += **from != '\0';
	*(*to)++ = '\0';
	return !quote;
}

static int take_args(struct owner_arg *arg, char *value)
{
	char *from = value, *to = value;
	for (from += strspn(from, BLANKS); *from; from += strspn(from, BLANKS)) {
		const char *word = to;
		if (!copy_word(&from, &to))
			return cli_usage("args=: a quote is not closed");
		add_word(arg, word);
	}
	return EXIT_DONE;
}

static int take_id(enum attribute attribute, const char *value, bool *ret_has, uint32_t *ret_id)
{
	uint64_t number = 0;
	const struct attribute_info *info = attribute_info(attribute);
	if (text_to_u64(value, info->max, &number))
		return cli_usage("%s= takes %s, a number, not `%s`", info->name, info->what, value);
	*ret_has = true;
	*ret_id = (uint32_t)number;
	return EXIT_DONE;
}

/* A name, or the number. */
static int take_account(struct owner_arg *arg, enum attribute attribute, const char *value)
{
	struct owner *owner = &arg->owner;
	uint64_t number;
	bool is_user = attribute == ATTR_USER;
	if (text_to_u64(value, UINT32_MAX, &number)) {
		*(is_user ? &owner->user : &owner->group) = value;
		return EXIT_DONE;
	}
	return take_id(is_user ? ATTR_UID : ATTR_GID, value,
		       is_user ? &owner->has_uid : &owner->has_gid,
		       is_user ? &owner->uid : &owner->gid);
}

static int take_text(const char *value, const char **ret_text)
{
	*ret_text = value;
	return EXIT_DONE;
}

int owner_arg_take(struct owner_arg *arg, enum attribute attribute, char *value)
{
	struct owner *owner = &arg->owner;
	arg->told |= UINT64_C(1) << attribute;
	if (!*value && attribute != ATTR_ARGS)
		return cli_usage("%s= takes %s: nothing stands behind it",
				 attribute_info(attribute)->name, attribute_info(attribute)->what);
	if (attribute == ATTR_USER || attribute == ATTR_GROUP)
		return take_account(arg, attribute, value);
	if (attribute == ATTR_UID)
		return take_id(attribute, value, &owner->has_uid, &owner->uid);
	if (attribute == ATTR_GID)
		return take_id(attribute, value, &owner->has_gid, &owner->gid);
	if (attribute == ATTR_PID)
		return take_id(attribute, value, &owner->has_pid, &owner->pid);
	if (attribute == ATTR_CGROUP)
		return take_text(value, &owner->cgroup);
	if (attribute == ATTR_UNIT)
		return take_text(value, &owner->unit);
	if (attribute == ATTR_CMD)
		return take_text(value, &owner->cmd);
	if (attribute == ATTR_EXE)
		return take_text(value, &owner->exe);
	return take_args(arg, value);
}

static void complete_user(struct owner_arg *arg)
{
	struct owner *owner = &arg->owner;
	const struct passwd *user = NULL;
	if (owner->user && !owner->has_uid)
		user = getpwnam(owner->user);
	else if (owner->has_uid && !owner->user)
		user = getpwuid(owner->uid);
	if (!user)
		return;
	owner->has_uid = true;
	owner->uid = user->pw_uid;
	owner->user = arg->user = xstrdup(user->pw_name);
}

static void complete_group(struct owner_arg *arg)
{
	struct owner *owner = &arg->owner;
	const struct group *group = NULL;
	if (owner->group && !owner->has_gid)
		group = getgrnam(owner->group);
	else if (owner->has_gid && !owner->group)
		group = getgrgid(owner->gid);
	if (!group)
		return;
	owner->has_gid = true;
	owner->gid = group->gr_gid;
	owner->group = arg->group = xstrdup(group->gr_name);
}

void owner_arg_complete(struct owner_arg *arg)
{
	static const char *const no_args[1];
	bool has_args = arg->told >> ATTR_ARGS & 1;
	arg->owner.level = OWNER_PROCESS;
	arg->owner.args = !has_args ? NULL : arg->args ? arg->args : no_args;
	complete_user(arg);
	complete_group(arg);
}

void owner_arg_fini(struct owner_arg *arg)
{
	free(arg->args);
	free(arg->user);
	free(arg->group);
	*arg = (struct owner_arg){0};
}
