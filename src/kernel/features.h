/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What this kernel offers, found by trying it, without touching a hook or a packet. */
#ifndef KERNEL_FEATURES_H
#define KERNEL_FEATURES_H

#include <stdbool.h>

/* How a rule hands packets to a queue. */
enum queue_path {
	QUEUE_NATIVE, /* the nftables expression `queue` (nft_queue) */
	QUEUE_COMPAT, /* the xtables target NFQUEUE through nft_compat */
};

/* `native`, `compat`. */
const char *queue_path_text(enum queue_path path);

struct features {
	enum queue_path queue_path;
};

/*
 * Probes the network namespace of the caller. Returns 0, or a negative errno with *ret_why a
 * sentence that names what is missing and how to get it (to be freed by the caller):
 * -EPERM without CAP_NET_ADMIN, -EOPNOTSUPP where something needed is not there.
 */
int features_probe(struct features *ret_features, char **ret_why);

#endif
