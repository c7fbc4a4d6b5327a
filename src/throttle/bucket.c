/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "throttle/bucket.h"

/* What is missing at now_ns; the product is formed only where it is known to stay below. */
static uint64_t missing_at(const struct bucket *bucket, const struct bucket_limit *limit,
			   uint64_t now_ns)
{
	/* A burst that was lowered in place cannot miss more than all of it. */
	uint64_t size = limit->burst_bytes * BUCKET_TOKENS_PER_BYTE;
	uint64_t missing = bucket->missing < size ? bucket->missing : size;
	if (now_ns <= bucket->updated_ns)
		return missing;
	uint64_t elapsed_ns = now_ns - bucket->updated_ns;
	if (elapsed_ns > missing / limit->rate_bytes_per_s)
		return 0;
	return missing - elapsed_ns * limit->rate_bytes_per_s;
}

uint64_t bucket_level_bytes(const struct bucket *bucket, const struct bucket_limit *limit,
			    uint64_t now_ns)
{
	uint64_t size = limit->burst_bytes * BUCKET_TOKENS_PER_BYTE;
	return (size - missing_at(bucket, limit, now_ns)) / BUCKET_TOKENS_PER_BYTE;
}

bool bucket_charge(struct bucket *bucket, const struct bucket_limit *limit, uint64_t bytes,
		   uint64_t now_ns)
{
	bucket->missing = missing_at(bucket, limit, now_ns);
	if (now_ns > bucket->updated_ns)
		bucket->updated_ns = now_ns;
	uint64_t tokens = limit->burst_bytes * BUCKET_TOKENS_PER_BYTE - bucket->missing;
	/* Compared in whole bytes: bytes * TOKENS_PER_BYTE might not fit. */
	if (bytes > tokens / BUCKET_TOKENS_PER_BYTE)
		return false;
	bucket->missing += bytes * BUCKET_TOKENS_PER_BYTE;
	return true;
}
