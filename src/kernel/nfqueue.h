/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One NFQUEUE and the one socket that is bound to it: many messages per system call in, many
 * verdicts in one send out. A queue belongs to one thread.
 *
 * Every packet that is received gets exactly one verdict, whatever happens. What is asked and what
 * is answered travel in NFQA_PRIORITY (nfshaper/mark.h; Linux 5.18 and later).
 */
#ifndef KERNEL_NFQUEUE_H
#define KERNEL_NFQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Packets of a batch; 16, 64 and 256 were measured to be alike. */
#define NFQUEUE_BATCH 64

/* One packet of a batch; `data` is valid until the next nfqueue_receive(). */
struct nfqueue_packet {
	uint32_t packet_id;
	uint16_t queue; /* its number */
	uint8_t hook;   /* NF_INET_LOCAL_IN, _FORWARD, _LOCAL_OUT */
	uint32_t iif;   /* interface indexes, 0: none */
	uint32_t oif;
	uint32_t mark;  /* of the packet (NFQA_MARK, which the kernel leaves out where it is 0) */
	uint32_t asked; /* NFSHAPER_ASK_…: what the queue chain wants to know */
	uint32_t uid;   /* of the local socket; NFQUEUE_NO_UID where they are not told */
	uint32_t gid;
	const uint8_t *data;
	uint32_t captured; /* bytes at data */
	uint32_t length;   /* true length of the packet (NFQA_CAP_LEN) */
	bool is_gso;       /* more than one segment */
	bool is_bridged;   /* from one port of a bridge to another: br_netfilter shows it here */
	/* To be set by the caller: a priority (0: accept with the one that it has),
	 * NFQUEUE_DROP, or NFQUEUE_WAIT. */
	uint32_t answer;
};

#define NFQUEUE_DROP UINT32_MAX
#define NFQUEUE_WAIT (UINT32_MAX - 1) /* no verdict yet: nfqueue_answer_waiting() */
#define NFQUEUE_NO_UID UINT32_MAX     /* (uid_t)-1 is nobody's; the same for groups */

/* Written by the thread of the queue, read by any: relaxed atomics. */
struct nfqueue_counters {
	_Atomic uint64_t received;
	_Atomic uint64_t verdicts;
	_Atomic uint64_t enobufs;        /* times the kernel could not deliver */
	_Atomic uint64_t verdict_errors; /* ENOENT: the entry was flushed meanwhile */
};

struct nfqueue_options {
	uint16_t number;
	uint32_t length; /* packets that the kernel holds */
	bool fail_open;  /* a full queue lets packets through instead of dropping them */
	bool segments;   /* GSO packets come segment by segment: slower, for what is counted */
};

struct nfqueue;

/*
 * Binds the queue. NULL with errno: EBUSY where another program has it, EPERM, EOPNOTSUPP;
 * *ret_why is a sentence, to be freed by the caller.
 */
struct nfqueue *nfqueue_open(const struct nfqueue_options *options, char **ret_why);
void nfqueue_close(struct nfqueue *queue);

/* For poll(2). */
int nfqueue_fd(const struct nfqueue *queue);

/* The receive buffer that was got, in bytes. */
int nfqueue_buffer_size(const struct nfqueue *queue);

const struct nfqueue_counters *nfqueue_counters(const struct nfqueue *queue);

/*
 * Reads what is there, at most NFQUEUE_BATCH packets, without blocking. Returns the number of
 * packets (0: none now), with *ret_packets the batch; or a negative errno.
 */
int nfqueue_receive(struct nfqueue *queue, struct nfqueue_packet **ret_packets);

/*
 * Answers all packets of the batch that was received last, as their `answer` says. 0 or a negative
 * errno.
 */
int nfqueue_answer(struct nfqueue *queue);

/*
 * Answers packets that were told to wait, whose bytes are not needed for it; those of other queues
 * are left out. Any number, in any order. 0 or a negative errno.
 */
int nfqueue_answer_waiting(struct nfqueue *queue, const struct nfqueue_packet *packets,
			   size_t count);

/* Figures of /proc/net/netfilter/nfnetlink_queue for one queue; -ENOENT where it is not bound. */
struct nfqueue_kernel_figures {
	uint64_t waiting;
	uint64_t queue_dropped; /* the queue was full */
	uint64_t user_dropped;  /* the socket was full */
};
int nfqueue_read_figures(uint16_t number, struct nfqueue_kernel_figures *ret_figures);

#endif
