/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A moment by all the clocks that the file of sessions keeps: within one boot the monotonic clock
 * tells exactly how much time has passed, whatever steps the wall clock makes; from one boot to the
 * next only the wall clock can tell.
 */
#ifndef DAEMON_SESSION_TIME_H
#define DAEMON_SESSION_TIME_H

#include <stdint.h>

#define BOOT_ID_SIZE 36

struct session_time {
	uint64_t monotonic_ns;
	int64_t real_ns;            /* since 1970 */
	uint8_t boot[BOOT_ID_SIZE]; /* the kernel's text for this boot; all zero: not known */
};

/* Now, of the kernel, and the boot. */
void session_time_now(struct session_time *ret_now);
/* Sets both clocks anew; the boot is still the same. */
void session_time_update(struct session_time *time);

/*
 * Nanoseconds from one moment to a later one, never negative: where a wall clock that was set back
 * is all there is, no time has passed.
 */
uint64_t session_time_between(const struct session_time *from, const struct session_time *to);

#endif
