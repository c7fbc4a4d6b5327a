/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/pace.h"

#include <time.h>

#include "util/clock.h"

#define BUSY_PACKETS 4 /* found at once */
#define BUSY_WAKES 16  /* within PACE_NS */
#define PACE_NS 1000000u
#define REST_NS 100000

void pace_rest(struct pace *pace, uint64_t packets)
{
	const struct timespec rest = {.tv_nsec = REST_NS};
	uint64_t now = clock_monotonic_ns();
	if (now - pace->since_ns >= PACE_NS)
		*pace = (struct pace){.since_ns = now};
	pace->wakes++;
	if (packets >= BUSY_PACKETS || pace->wakes > BUSY_WAKES)
		nanosleep(&rest, NULL);
}
