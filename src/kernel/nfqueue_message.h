/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The messages of one NFQUEUE (net/netfilter/nfnetlink_queue.c): configuration, packets, verdicts.
 * Pure: no socket, no state, no allocation. Part of nfqueue.c, apart for tests.
 */
#ifndef KERNEL_NFQUEUE_MESSAGE_H
#define KERNEL_NFQUEUE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/nfqueue.h"

#define NFQUEUE_COPY_RANGE 256    /* bytes of a packet that the kernel copies */
#define NFQUEUE_CONFIG_BYTES 128  /* room for one configuration message */
#define NFQUEUE_VERDICT_BYTES 40u /* one verdict message with a priority */

/* Alignment of the buffers below. */
#define NFQUEUE_ALIGN __attribute__((aligned(8)))

/*
 * Binds the queue, sets copy mode, length and flags (NFQA_CFG_F_…), all in one message: from the
 * moment the queue exists it takes packets (a table that outlived a crash sends some at once) and
 * nothing of it is unset. The kernel checks the flags first and does nothing if it lacks one.
 * No ACK is asked for, see nfqueue_open(). Returns the bytes used.
 */
size_t nfqueue_message_bind(void *buffer, const struct nfqueue_options *options, uint32_t flags);
size_t nfqueue_message_unbind(void *buffer, uint16_t number);

enum nfqueue_message_kind {
	NFQUEUE_PACKET, /* *ret_packet is filled */
	NFQUEUE_ERROR,  /* *ret_error is the kernel's negative errno; 0 for an ACK */
	NFQUEUE_OTHER,  /* nothing that could be answered */
};

/*
 * Reads the one message of a datagram of `received` bytes, which may be cut short. Whatever else
 * is odd about it, a message whose packet id can be read is a packet; what cannot be read of it
 * is zero. ret_packet->data points into `datagram`.
 */
enum nfqueue_message_kind nfqueue_message_parse(const void *datagram, size_t received,
						struct nfqueue_packet *ret_packet, int *ret_error);

/*
 * Writes the verdicts of `count` packets as messages behind each other, in the order of the packets
 * (the kernel looks for an id from the front of its queue), but for those that wait; buffer of
 * `count` times NFQUEUE_VERDICT_BYTES. Returns the bytes used.
 *
 * With `in_batches` a run of equal answers is one message, NFQNL_MSG_VERDICT_BATCH, which the
 * kernel takes from the queue under one lock. It answers every packet up to the last of the run, so
 * that no earlier one may be waiting.
 */
size_t nfqueue_message_verdicts(void *buffer, uint16_t number, const struct nfqueue_packet *packets,
				size_t count, bool in_batches);

#endif
