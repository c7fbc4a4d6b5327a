/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A token bucket in bytes, `rate: R, burst: B`: it holds at most B tokens, begins full, gains R a
 * second; a packet that finds fewer tokens than its length is over and takes none.
 *
 * Tokens are counted in billionths of a byte, so that bytes per second times nanoseconds is a
 * whole number of them: nothing is ever rounded, and no rate drifts, however often it is asked.
 */
#ifndef THROTTLE_BUCKET_H
#define THROTTLE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#define BUCKET_TOKENS_PER_BYTE 1000000000ull
/* 18 GB: the largest burst whose tokens fit in 64 bits. */
#define BUCKET_BURST_MAX_BYTES (UINT64_MAX / BUCKET_TOKENS_PER_BYTE)

struct bucket_limit {
	uint64_t rate_bytes_per_s; /* at least 1 */
	uint64_t burst_bytes;      /* 1 … BUCKET_BURST_MAX_BYTES */
};

/* All zero is a full bucket, as in a new session. */
struct bucket {
	uint64_t missing;    /* tokens; 0: the bucket is full */
	uint64_t updated_ns; /* when `missing` held */
};

/*
 * Takes `bytes` at the monotonic time `now_ns`. True: within; false: over, and nothing is taken.
 * A packet longer than the burst is always over. A time before the last one adds nothing and does
 * not set the bucket back.
 */
bool bucket_charge(struct bucket *bucket, const struct bucket_limit *limit, uint64_t bytes,
		   uint64_t now_ns);

/* Whole bytes that the bucket holds at `now_ns`, rounded down. */
uint64_t bucket_level_bytes(const struct bucket *bucket, const struct bucket_limit *limit,
			    uint64_t now_ns);

#endif
