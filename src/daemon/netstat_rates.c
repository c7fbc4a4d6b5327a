/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/netstat_rates.h"

#include <stdlib.h>

#include "util/alloc.h"

#define BITS_PER_BYTE 8

/* The kernel's id is a hash, which may be that of another one of very many: ports tell them apart.
 */
static uint64_t key_of(const struct connection *connection)
{
	return (uint64_t)connection->id << 32 | (uint32_t)connection->original.sport << 16 |
	       connection->original.dport;
}

static uint64_t bytes_of(const struct connection *connection)
{
	return connection->bytes[0] + connection->bytes[1];
}

static int compare(const void *left, const void *right)
{
	const struct carried *a = left, *b = right;
	return (a->key > b->key) - (a->key < b->key);
}

void netstat_rates_add(struct netstat_rates *rates, const struct connection *connection)
{
	rates->items =
		array_grow(rates->items, rates->count, &rates->capacity, sizeof(*rates->items));
	rates->items[rates->count++] = (struct carried){key_of(connection), bytes_of(connection)};
}

void netstat_rates_seal(struct netstat_rates *rates)
{
	if (rates->count)
		qsort(rates->items, rates->count, sizeof(*rates->items), compare);
}

bool netstat_rates_get(const struct netstat_rates *rates, const struct connection *connection,
		       double seconds, double *ret_bps)
{
	const struct carried wanted = {.key = key_of(connection)}, *found = NULL;
	uint64_t bytes = bytes_of(connection);
	if (!connection->has_counters || seconds <= 0)
		return false;
	if (rates->count)
		found = bsearch(&wanted, rates->items, rates->count, sizeof(wanted), compare);
	/* Older than the first reading, which has missed it. */
	if (!found && connection->started_ns && connection->started_ns < rates->read_ns)
		return false;
	/* `conntrack -z` sets counters to zero. */
	if (found && bytes < found->bytes)
		return false;
	*ret_bps = (double)(bytes - (found ? found->bytes : 0)) * BITS_PER_BYTE / seconds;
	return true;
}

void netstat_rates_fini(struct netstat_rates *rates)
{
	free(rates->items);
	*rates = (struct netstat_rates){0};
}
