/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/shaper_rates.h"

#define FRAME_BYTES 1600 /* an Ethernet frame with tags; what tc(8) adds to a burst too */
#define TIMER_HZ 250
#define QUANTUM_MAX 200000
#define QUANTUM_PER_S 100 /* 10 ms */
#define FIFO_PER_S 10     /* 100 ms */
#define FIFO_MIN 50
#define FIFO_MAX 1000
#define PACKET_BYTES 1500
#define TARGET_US 5000
#define TARGET_MAX_US 10000000
#define INTERVAL_US 100000
#define CELL_BYTES 53
#define CELL_PAYLOAD 48
#define PTM_BLOCK 65
#define PTM_PAYLOAD 64

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
	return value < low ? low : value > high ? high : value;
}

uint64_t shaper_line_bps(const struct shaper_line *line, uint64_t bps)
{
	if (line->link != LINK_PTM)
		return bps;
	/* In two steps, since the product may not fit. */
	return bps / PTM_BLOCK * PTM_PAYLOAD + bps % PTM_BLOCK * PTM_PAYLOAD / PTM_BLOCK;
}

uint32_t shaper_line_bytes(const struct shaper_line *line, uint32_t bytes)
{
	uint32_t all = bytes + line->overhead_bytes;
	if (line->link != LINK_ATM)
		return all;
	return (all + CELL_PAYLOAD - 1) / CELL_PAYLOAD * CELL_BYTES;
}

uint64_t shaper_bytes_per_s(uint64_t bps)
{
	return bps < 8 ? 1 : bps / 8;
}

uint32_t shaper_burst_bytes(const struct shaper_line *line, uint64_t bps)
{
	uint32_t frame = shaper_line_bytes(line, FRAME_BYTES);
	uint64_t per_tick = clamp(shaper_bytes_per_s(bps) / TIMER_HZ, 0, UINT32_MAX - frame);
	return (uint32_t)per_tick + frame;
}

uint32_t shaper_burst_ticks(uint32_t burst_bytes, uint64_t bps)
{
	uint64_t time_us = burst_bytes * UINT64_C(1000000) / shaper_bytes_per_s(bps);
	return (uint32_t)clamp(time_us * 1000 / 64, 1, UINT32_MAX);
}

uint32_t shaper_quantum_bytes(uint64_t rate_bps)
{
	return (uint32_t)clamp(shaper_bytes_per_s(rate_bps) / QUANTUM_PER_S, FRAME_BYTES,
			       QUANTUM_MAX);
}

uint32_t shaper_fifo_packets(uint64_t ceil_bps)
{
	return (uint32_t)clamp(shaper_bytes_per_s(ceil_bps) / FIFO_PER_S / PACKET_BYTES, FIFO_MIN,
			       FIFO_MAX);
}

uint32_t shaper_codel_target_us(uint64_t ceil_bps)
{
	uint64_t time_us = FRAME_BYTES * UINT64_C(1500000) / shaper_bytes_per_s(ceil_bps);
	return (uint32_t)clamp(time_us, TARGET_US, TARGET_MAX_US);
}

uint32_t shaper_codel_interval_us(uint64_t ceil_bps)
{
	return INTERVAL_US + shaper_codel_target_us(ceil_bps) - TARGET_US;
}
