/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When a worker runs. Under a flood of new flows the senders and the workers share the same
 * processors, and a queue of 4096 packets is full within 20 ms of a worker that is not scheduled.
 * Measured on two processors with 200,000 new flows at full speed: as ordinary threads (nice -15)
 * the workers lost up to 77,000 packets, as SCHED_RR threads none; and a rest of 100 µs while busy
 * lets packets gather, so that there are a tenth of the wake-ups and a third more throughput.
 */
#ifndef DAEMON_PACE_H
#define DAEMON_PACE_H

#include <stdint.h>

struct pace {
	uint64_t since_ns; /* CLOCK_MONOTONIC: when the wake-ups began to be counted */
	unsigned wakes;
};

/*
 * Rests shortly where the thread is busy: `packets` were found at this wake-up, or it was woken
 * often of late. A connection or two whose packets answer each other find no rest. Adds at most
 * 100 µs to a packet's way.
 */
void pace_rest(struct pace *pace, uint64_t packets);

#endif
