/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The exact window of ipfwthrottle(8), `limit: N/S`: the first packet opens a window of S seconds;
 * N packets pass in it, however early; the rest are over; the first packet behind its end opens
 * the next. So 50/10 and 5/1 differ. Time is always a parameter.
 */
#ifndef THROTTLE_WINDOW_H
#define THROTTLE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct window_limit {
	uint32_t packets; /* N, at least 1 */
	uint64_t span_ns; /* S */
};

/* All zero: no window is open, as in a new session. */
struct window {
	uint64_t opened_ns; /* of meaning only where `passed` is not 0 */
	uint32_t passed;    /* packets that passed in it */
};

/*
 * Charges `packets` at once (the segments of one GSO packet) at the monotonic time `now_ns`.
 * True: within the limit. False: over; then nothing is charged, so a packet of more segments than
 * are left is over as a whole and a smaller one behind it may still pass. A time before the
 * window's opening (another worker's older batch) counts as the opening itself.
 */
bool window_charge(struct window *window, const struct window_limit *limit, uint32_t packets,
		   uint64_t now_ns);

/* Nanoseconds until the window ends; 0: none is open. */
uint64_t window_left_ns(const struct window *window, const struct window_limit *limit,
			uint64_t now_ns);

#endif
