/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the table asks with a packet (nfshaper/mark.h), in words. */
#ifndef DAEMON_ASKED_H
#define DAEMON_ASKED_H

#include <stdbool.h>
#include <stdint.h>

#include "nfshaper/mark.h"

static inline bool is_call(uint32_t asked)
{
	return (asked & NFSHAPER_ASK_BITS) == NFSHAPER_ASK_CALL ||
	       (asked & NFSHAPER_ASK_BITS) == NFSHAPER_ASK_CALL_ALIVE;
}

/* The throttle that is called. */
static inline uint32_t call_of(uint32_t asked)
{
	return asked & ~NFSHAPER_ASK_BITS;
}

static inline bool is_inspected(uint32_t asked)
{
	return asked == NFSHAPER_ASK_ORIGINAL || asked == NFSHAPER_ASK_REPLY;
}

static inline bool is_reply(uint32_t asked)
{
	return asked == NFSHAPER_ASK_REPLY;
}

/* Its connection is confirmed already: it is not new to throttles that count connections. */
static inline bool is_alive(uint32_t asked)
{
	return asked == NFSHAPER_ASK_ALIVE ||
	       (asked & NFSHAPER_ASK_BITS) == NFSHAPER_ASK_CALL_ALIVE;
}

#endif
