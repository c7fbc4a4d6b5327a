/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LAB_FLOOD_WINDOW_H
#define LAB_FLOOD_WINDOW_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * How many packets may be on their way: a sender that waits for arrivals loses none and shows what
 * the path carries, where one that does not wait shows how a queue overflows. Arrivals are the
 * packets that the other end's interfaces have received, by a /proc/net/dev that was opened there.
 * Several threads may share one.
 */
struct flood_window {
	uint32_t size; /* 0: no waiting */
	int fd;
	uint64_t received_before;
	_Atomic uint64_t sent;
	_Atomic uint64_t arrived;
	_Atomic uint64_t lost; /* of those sent, what was given up */
};

/* 0 or -errno. */
int flood_window_open(struct flood_window *window);

/* After `count` packets were sent: waits until there is room for more. */
void flood_window_sent(struct flood_window *window, uint32_t count);

/* Waits for what is on its way still. */
void flood_window_drain(struct flood_window *window);

#endif
