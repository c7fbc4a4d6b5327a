/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rates for people. */
#ifndef CLI_RATE_H
#define CLI_RATE_H

#include <stddef.h>
#include <stdio.h>

#define RATE_TEXT_MAX 32

/* 2500000 as `2.50mbit`, in the units of rules.yaml. */
static inline const char *rate_text(double bps, char *buffer, size_t size)
{
	if (bps >= 1e9)
		snprintf(buffer, size, "%.2fgbit", bps / 1e9);
	else if (bps >= 1e6)
		snprintf(buffer, size, "%.2fmbit", bps / 1e6);
	else
		snprintf(buffer, size, "%.1fkbit", bps / 1e3);
	return buffer;
}

#endif
