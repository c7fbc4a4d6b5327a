/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "throttle/window.h"

uint64_t window_left_ns(const struct window *window, const struct window_limit *limit,
			uint64_t now_ns)
{
	if (!window->passed)
		return 0;
	if (now_ns <= window->opened_ns)
		return limit->span_ns;
	uint64_t elapsed_ns = now_ns - window->opened_ns;
	return elapsed_ns < limit->span_ns ? limit->span_ns - elapsed_ns : 0;
}

bool window_charge(struct window *window, const struct window_limit *limit, uint32_t packets,
		   uint64_t now_ns)
{
	bool is_open = window_left_ns(window, limit, now_ns) > 0;
	uint32_t passed = is_open ? window->passed : 0;
	/* A limit that was lowered in place may lie below what has passed already. */
	if (passed > limit->packets || packets > limit->packets - passed)
		return false;
	if (!is_open)
		window->opened_ns = now_ns;
	window->passed = passed + packets;
	return true;
}
