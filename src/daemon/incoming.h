/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which way what comes in is shaped, where the file leaves that to the kernel's abilities. */
#ifndef DAEMON_INCOMING_H
#define DAEMON_INCOMING_H

#include "engine/snapshot.h"

/* Whether IFB devices can shape what comes in here; found out when it is first asked for. */
struct incoming {
	bool is_probed;
	bool can_ifb;
	char *why; /* not, in a sentence */
};

void incoming_fini(struct incoming *incoming);

/*
 * Replaces *snapshot by one with `police` where the file says `auto` and IFB does not work here,
 * and says so in known->lacks_ifb. 0; or a negative errno with *ret_why, to be freed by the caller,
 * where the file says `ifb`; then *snapshot is as it was.
 */
int incoming_choose(struct incoming *incoming, struct snapshot_known *known,
		    struct snapshot **snapshot, char **ret_why);

/* Why this way, for a person; the caller frees the text. */
char *incoming_reason(const struct incoming *incoming, const struct config_interface *interface);

#endif
