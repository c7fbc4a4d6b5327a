/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/netns_lock.h"

#include <errno.h>
#include <stdlib.h>

#include "util/alloc.h"

struct nfqueue *netns_lock(char **ret_why)
{
	const struct nfqueue_options options = {.number = NETNS_LOCK_QUEUE, .length = 1};
	struct nfqueue *lock = nfqueue_open(&options, ret_why);
	int error = errno;
	if (!lock && error == EBUSY) {
		free(*ret_why);
		*ret_why =
			xasprintf("another nfshaper runs in this network namespace (with another "
				  "--run-dir): stop it first");
	}
	errno = error;
	return lock;
}
