/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One nfshaper for a network namespace, whatever run directory it has: the table and the classes
 * can serve one only. The lock is a queue that nothing is sent to: the kernel gives a queue number
 * to one owner in a namespace, only to one with CAP_NET_ADMIN, and takes it back when he dies.
 */
#ifndef DAEMON_NETNS_LOCK_H
#define DAEMON_NETNS_LOCK_H

#include "kernel/nfqueue.h"

#define NETNS_LOCK_QUEUE 65535 /* no queue of the workers can have this number */

/* The lock, to be given up with nfqueue_close(); it is kept by a child that inherits it. NULL with
 * errno, EBUSY where another has it, and a sentence, to be freed by the caller. */
struct nfqueue *netns_lock(char **ret_why);

#endif
