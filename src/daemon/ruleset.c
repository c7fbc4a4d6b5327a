/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/ruleset.h"

#include <errno.h>
#include <nfshaper/mark.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/conntrack.h"
#include "kernel/table.h"
#include "util/alloc.h"
#include "util/log.h"

/* Bits of the mark that were ours in an earlier run and are no more. */
static void clear_lost_bits(const struct daemon *daemon)
{
	struct nl_error error;
	uint32_t lost = daemon->state.mark_mask & ~daemon->snapshot->plan->mark_mask;
	if (lost && conntrack_clear_marks(lost, &error))
		log_warning("old marks of living connections could not be cleared: %s",
			    strerror(-error.code));
}

int ruleset_put(struct daemon *daemon, const struct plan *plan, char **ret_why)
{
	struct nl_error error;
	if (table_install(plan, daemon->features.queue_path, &error) == 0)
		return 0;
	if (plan->manual_table)
		*ret_why = xasprintf("`ruleset: manual`: %s: load what `nfshaper show nft` prints, "
				     "with nft -f",
				     error.message[0] ? error.message : strerror(-error.code));
	else
		*ret_why = xasprintf("the table inet %s could not be installed, at %s: %s%s%s",
				     NFSHAPER_TABLE, error.what ? error.what : "the transaction",
				     strerror(-error.code), error.message[0] ? ": " : "",
				     error.message);
	return error.code;
}

static int put_table(struct daemon *daemon)
{
	char *why = NULL;
	int error = ruleset_put(daemon, daemon->snapshot->plan, &why);
	if (error)
		log_error("%s", why);
	free(why);
	return error;
}

static int restore_table(void *data)
{
	return put_table(data);
}

/*
 * Before the table reads them, and once more behind it where the table of an earlier run may have
 * written some meanwhile.
 */
int ruleset_install(struct daemon *daemon)
{
	clear_lost_bits(daemon);
	int error = put_table(daemon);
	if (!error)
		clear_lost_bits(daemon);
	return error;
}

void ruleset_remove(struct daemon *daemon)
{
	struct nl_error error;
	if (!daemon->snapshot->plan->manual_table && table_remove(&error))
		log_error("the table could not be removed: %s", strerror(-error.code));
}

void ruleset_watch(struct daemon *daemon)
{
	guard_watch(&daemon->guard, restore_table, daemon, daemon->loop);
}

void ruleset_stop_queueing(struct daemon *daemon)
{
	struct nl_error error;
	guard_stop(&daemon->guard, daemon->loop);
	if (!daemon->snapshot->plan->manual_table && table_stop_queueing(&error) &&
	    error.code != -ENOENT)
		log_warning("the queue chains could not be emptied: %s", strerror(-error.code));
}
