/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "util/hurry.h"

#include <sched.h>
#include <sys/resource.h>

#define RR_PRIORITY 1
#define FALLBACK_NICE (-15)

bool hurry(void)
{
	const struct sched_param param = {.sched_priority = RR_PRIORITY};
	/* Both know threads only: 0 is the calling one. */
	if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &param) == 0)
		return true;
	setpriority(PRIO_PROCESS, 0, FALLBACK_NICE);
	return false;
}
