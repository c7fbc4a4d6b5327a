/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UTIL_HURRY_H
#define UTIL_HURRY_H

#include <stdbool.h>

/*
 * Makes the calling thread real-time (SCHED_RR, lowest priority), so that it goes ahead of what it
 * works for, or, where that is not allowed, as nice as possible. False in the second case.
 */
bool hurry(void);

#endif
