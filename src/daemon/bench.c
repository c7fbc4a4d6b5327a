/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/bench.h"

#include <stdlib.h>

#include "kernel/nfqueue.h"
#include "util/alloc.h"

struct bench *bench_new(const struct snapshot *snapshot, struct owner_finder *finder,
			const struct bench *before)
{
	struct bench *bench = xcalloc(1, sizeof(*bench));
	bench->snapshot = snapshot;
	bench->asks_owners = snapshot_owner_level(snapshot) != OWNER_NOTHING;
	bench->finder = finder;
	bench->steps = xcalloc(NFQUEUE_BATCH * snapshot->n_throttle_rules, sizeof(*bench->steps));
	if (before && before->snapshot->rulebook == snapshot->rulebook)
		bench->figures = before->figures;
	else
		bench->figures = xcalloc(ruleset_count(snapshot->ruleset), sizeof(*bench->figures));
	return bench;
}

void bench_free(struct bench *bench, const struct bench *after)
{
	if (!bench)
		return;
	if (!after || after->figures != bench->figures)
		free(bench->figures);
	free(bench->steps);
	free(bench);
}
