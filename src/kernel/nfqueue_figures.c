/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * /proc/net/netfilter/nfnetlink_queue, one line a queue (seq_show in nfnetlink_queue.c):
 * number, port id, waiting, copy mode, copy range, queue dropped, user dropped, last id, 1.
 */
#include "kernel/nfqueue.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* Of the calling thread's network namespace, which /proc/net need not be. */
#define FIGURES_FILE "/proc/thread-self/net/netfilter/nfnetlink_queue"

int nfqueue_read_figures(uint16_t number, struct nfqueue_kernel_figures *ret_figures)
{
	struct nfqueue_kernel_figures figures;
	FILE *file = fopen(FIGURES_FILE, "re");
	char line[256];
	int result = -ENOENT;
	if (!file)
		return -errno;
	while (result == -ENOENT && fgets(line, sizeof(line), file)) {
		unsigned queue;
		if (sscanf(line, "%u %*u %" SCNu64 " %*u %*u %" SCNu64 " %" SCNu64, &queue,
			   &figures.waiting, &figures.queue_dropped, &figures.user_dropped) == 4 &&
		    queue == number)
			result = 0;
	}
	if (ferror(file))
		result = -EIO;
	fclose(file);
	if (!result)
		*ret_figures = figures;
	return result;
}
