/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/netstat_rows.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "util/alloc.h"
#include "util/clock.h"
#include "util/id_map.h"

#define NAP_MS 20
#define NS_PER_MS 1000000ull
#define NS_PER_S 1e9

struct reading {
	struct netstat_rows *rows;
	const struct host *host;
};

static void add(const struct connection *connection, void *data)
{
	const struct reading *reading = data;
	struct netstat_rows *rows = reading->rows;
	rows->items = array_grow(rows->items, rows->count, &rows->capacity, sizeof(*rows->items));
	struct netstat_row *row = &rows->items[rows->count++];
	*row = (struct netstat_row){.connection = *connection};
	living_packet(reading->host, connection, &row->packet, &row->direction);
	row->connection.original_attr = row->connection.zone_attr = NULL;
}

static uint64_t bytes_of(const struct connection *connection)
{
	return connection->bytes[0] + connection->bytes[1];
}

/* By the kernel's id, which no two living connections share. */
struct measuring {
	struct id_map *rows; /* those of the first reading */
	double seconds;
};

static void measure(const struct connection *connection, void *data)
{
	const struct measuring *measuring = data;
	struct netstat_row *row = id_map_get(measuring->rows, connection->id);
	if (!row || !connection->has_counters || !row->connection.has_counters ||
	    bytes_of(connection) < bytes_of(&row->connection))
		return;
	row->has_rate = true;
	row->rate_bps = 8 * (double)(bytes_of(connection) - bytes_of(&row->connection)) /
			measuring->seconds;
	for (unsigned i = 0; i < 2; i++) {
		row->connection.bytes[i] = connection->bytes[i];
		row->connection.packets[i] = connection->packets[i];
	}
}

static void free_nothing(void *value)
{
	(void)value;
}

static void nap(unsigned interval_ms, const _Atomic bool *is_cancelled)
{
	const struct timespec rest = {.tv_nsec = NAP_MS * NS_PER_MS};
	uint64_t end_ns = clock_monotonic_ns() + interval_ms * NS_PER_MS;
	while (clock_monotonic_ns() < end_ns && !atomic_load(is_cancelled))
		nanosleep(&rest, NULL);
}

int netstat_rows_read(struct netstat_rows *rows, const struct host *host, unsigned interval_ms,
		      const _Atomic bool *is_cancelled, struct nl_error *error)
{
	struct reading reading = {rows, host};
	uint64_t first_ns = clock_monotonic_ns();
	int result = conntrack_dump(add, &reading, error);
	if (result || interval_ms == 0)
		return result;
	nap(interval_ms, is_cancelled);
	struct measuring measuring = {
		.rows = id_map_new(0, free_nothing),
		.seconds = (double)(clock_monotonic_ns() - first_ns) / NS_PER_S,
	};
	for (size_t i = 0; i < rows->count; i++)
		id_map_put(measuring.rows, rows->items[i].connection.id, &rows->items[i]);
	result = conntrack_dump(measure, &measuring, error);
	id_map_free(measuring.rows);
	return result;
}

void netstat_rows_fini(struct netstat_rows *rows)
{
	free(rows->items);
	*rows = (struct netstat_rows){0};
}
