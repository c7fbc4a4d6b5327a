/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/pace.h"

#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#include "util/clock.h"

#define RR_PRIORITY 1
#define FALLBACK_NICE (-15)
#define BUSY_PACKETS 4 /* found at once */
#define BUSY_WAKES 16  /* within PACE_NS */
#define PACE_NS 1000000u
#define REST_NS 100000

bool pace_hurry(void)
{
	const struct sched_param param = {.sched_priority = RR_PRIORITY};
	/* Both know threads only: 0 is the calling one. */
	if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &param) == 0)
		return true;
	setpriority(PRIO_PROCESS, 0, FALLBACK_NICE);
	return false;
}

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
