/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From bits per second to the numbers that HTB wants, the same for the netlink messages and for
 * the printed commands. Pure.
 */
#ifndef KERNEL_SHAPER_RATES_H
#define KERNEL_SHAPER_RATES_H

#include <stdint.h>

#include "config/config.h"

/* What becomes of a packet on the line. */
struct shaper_line {
	uint16_t overhead_bytes; /* for each packet */
	enum config_link link;
};

/*
 * The rate that HTB is given. HTB knows Ethernet and ATM (net/sched/sch_generic.c,
 * psched_ratecfg_precompute()); with PTM, 64 of the 65 bytes that the line transfers are packets'
 * (64/65-octet encapsulation: ITU-T G.992.3 annex N, taken over by G.993.2 for VDSL2).
 */
uint64_t shaper_line_bps(const struct shaper_line *line, uint64_t bps);

/* What a packet takes on the line: with ATM, whole cells of 53 bytes for each 48. */
uint32_t shaper_line_bytes(const struct shaper_line *line, uint32_t bytes);

/* HTB counts whole bytes per second, and refuses 0. */
uint64_t shaper_bytes_per_s(uint64_t bps);

/*
 * Bytes that a class sends at once while it is ahead of its rate: what passes in one tick of a
 * 250 Hz timer, since a kernel without high resolution timers looks only then, and one frame, as
 * long as it is on the line.
 */
uint32_t shaper_burst_bytes(const struct shaper_line *line, uint64_t bps);

/*
 * `burst_bytes` as the time they take at the rate, in the ticks of 64 ns of include/net/
 * pkt_sched.h (PSCHED_SHIFT), by way of whole microseconds as tc(8) does it. At most UINT32_MAX.
 */
uint32_t shaper_burst_ticks(uint32_t burst_bytes, uint64_t bps);

/*
 * Bytes that a class may send before the next one of its priority, when they share what is left
 * over: 10 ms at its rate, so that they share by their rates; at least a frame, at most what the
 * kernel takes without a warning (htb_change_class: 200000).
 */
uint32_t shaper_quantum_bytes(uint64_t rate_bps);

/* Packets in a queue without a discipline of its own: 100 ms at the ceil, 50 to 1000. */
uint32_t shaper_fifo_packets(uint64_t ceil_bps);

/*
 * fq_codel's target: 5 ms (RFC 8290), or, where that is less than one and a half frames at the
 * ceil, that; else it takes every frame for a standing queue, and a slow class does not get its
 * rate (1 Mbit/s offered 3 got 0.92). Microseconds.
 */
uint32_t shaper_codel_target_us(uint64_t ceil_bps);

/* fq_codel's interval: 100 ms, and what the target is more than 5 ms. Microseconds. */
uint32_t shaper_codel_interval_us(uint64_t ceil_bps);

#endif
