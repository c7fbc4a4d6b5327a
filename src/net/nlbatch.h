/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Netlink requests of the control path, over libmnl: one request with its answers, a dump, or an
 * nfnetlink transaction (all messages or none: net/netfilter/nfnetlink.c, nfnetlink_rcv_batch).
 * Not for the packet path.
 */
#ifndef NET_NLBATCH_H
#define NET_NLBATCH_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

/* An error that the kernel gave, with its extended acknowledgement where it had one. */
struct nl_error {
	int code;          /* negative errno, 0: none */
	const char *what;  /* what was being done, a literal given with the message; may be NULL */
	char message[160]; /* the kernel's words, may be empty */
};

/* A socket for requests, with extended acknowledgements on. NULL and errno on failure. */
struct mnl_socket *nl_open(int protocol);

/* The same, bound to this port where it is free, else to any. */
struct mnl_socket *nl_open_as(int protocol, uint32_t port);

/*
 * Sends one request (NLM_F_ACK and a sequence number are added) and waits for its end, calling
 * `each` (may be NULL) for every message of the answer. Dumps (NLM_F_DUMP) work the same way.
 * Returns 0 or a negative errno, of the kernel or of `each`, and fills *error if not NULL.
 */
int nl_request(struct mnl_socket *socket, struct nlmsghdr *request, mnl_cb_t each, void *data,
	       struct nl_error *error);

/* A transaction under construction. Messages are appended with nl_batch_next(). */
struct nl_batch;

struct nl_batch *nl_batch_new(void);
void nl_batch_free(struct nl_batch *batch);

/*
 * Room (at least 64 KiB) for the next message; valid until the next call. `what` (a literal)
 * names it in errors. The caller builds one message there, with any flags; commit adds the
 * sequence number and NLM_F_ACK.
 */
void *nl_batch_next(struct nl_batch *batch, const char *what);

/*
 * Sends NFNL_MSG_BATCH_BEGIN for `subsystem` (NFNL_SUBSYS_NFTABLES), the messages and
 * NFNL_MSG_BATCH_END as one datagram and reads all answers. Returns 0, or the first error, of
 * which *error (may be NULL) tells more; then nothing was changed. -ENOBUFS where the answers
 * were lost.
 */
int nl_batch_commit(struct nl_batch *batch, struct mnl_socket *socket, uint16_t subsystem,
		    struct nl_error *error);

#endif
