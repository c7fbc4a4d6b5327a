/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/netstat_rows.h"

#include <stdlib.h>
#include <time.h>

#include "daemon/netstat_rates.h"
#include "util/alloc.h"
#include "util/clock.h"

#define NAP_MS 20
#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

struct reading {
	struct netstat_rows *rows;
	const struct host *host;
	struct netstat_rates rates; /* the first time */
	double seconds;             /* since then; 0: there was none */
};

static void remember(const struct connection *connection, void *data)
{
	struct reading *reading = data;
	netstat_rates_add(&reading->rates, connection);
}

static void add(const struct connection *connection, void *data)
{
	struct reading *reading = data;
	struct netstat_rows *rows = reading->rows;
	rows->items = array_grow(rows->items, rows->count, &rows->capacity, sizeof(*rows->items));
	struct netstat_row *row = &rows->items[rows->count++];
	*row = (struct netstat_row){.connection = *connection};
	living_own_packet(reading->host, connection, &row->packet, &row->direction);
	row->has_rate =
		netstat_rates_get(&reading->rates, connection, reading->seconds, &row->rate_bps);
	row->connection.original_attr = row->connection.zone_attr = NULL;
}

static void nap(uint64_t end_ns, const _Atomic bool *is_cancelled)
{
	const struct timespec rest = {.tv_nsec = NAP_MS * NS_PER_MS};
	while (clock_monotonic_ns() < end_ns && !atomic_load(is_cancelled))
		nanosleep(&rest, NULL);
}

static int read_first(struct reading *reading, unsigned interval_ms,
		      const _Atomic bool *is_cancelled, struct nl_error *error)
{
	uint64_t begin_ns = clock_monotonic_ns();
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	reading->rates.read_ns = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
	int result = conntrack_dump(remember, reading, error);
	if (result)
		return result;
	netstat_rates_seal(&reading->rates);
	nap(begin_ns + interval_ms * NS_PER_MS, is_cancelled);
	reading->seconds = (double)(clock_monotonic_ns() - begin_ns) / NS_PER_S;
	return 0;
}

int netstat_rows_read(struct netstat_rows *rows, const struct host *host, unsigned interval_ms,
		      const _Atomic bool *is_cancelled, struct nl_error *error)
{
	struct reading reading = {.rows = rows, .host = host};
	int result = 0;
	if (interval_ms)
		result = read_first(&reading, interval_ms, is_cancelled, error);
	if (!result)
		result = conntrack_dump(add, &reading, error);
	netstat_rates_fini(&reading.rates);
	return result;
}

void netstat_rows_fini(struct netstat_rows *rows)
{
	free(rows->items);
	*rows = (struct netstat_rows){0};
}
