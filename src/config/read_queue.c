/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "config/read.h"
#include "config/values.h"

#define WORKERS_AUTO_MAX 4
#define WORKERS_MAX 64
#define LENGTH_MAX (1u << 20)

static void read_first(struct reader *reader, const char *key, const struct node *value,
		       void *field)
{
	uint64_t number;
	if (value_number(reader, key, value, 0, UINT16_MAX, &number))
		*(uint16_t *)field = (uint16_t)number;
}

static void read_workers(struct reader *reader, const char *key, const struct node *value,
			 void *field)
{
	uint64_t number;
	if (strcmp(value->text, "auto") == 0)
		*(unsigned *)field = 0;
	else if (value_number(reader, key, value, 1, WORKERS_MAX, &number))
		*(unsigned *)field = (unsigned)number;
}

static void read_length(struct reader *reader, const char *key, const struct node *value,
			void *field)
{
	uint64_t number;
	if (value_number(reader, key, value, 1, LENGTH_MAX, &number))
		*(uint32_t *)field = (uint32_t)number;
}

static void read_on_failure(struct reader *reader, const char *key, const struct node *value,
			    void *field)
{
	static const char *const words[] = {"open", "closed"};
	size_t position;
	if (value_word(reader, key, value, words, 2, &position))
		*(bool *)field = position == 0;
}

#define FIELD(name) offsetof(struct config_queue, name)

static const struct schema_key keys[] = {
	SCHEMA_KEY("first", SCHEMA_TEXT, "a queue number from 0 to 65535", read_first,
		   FIELD(first)),
	SCHEMA_KEY("workers", SCHEMA_TEXT, "a number of threads, or auto", read_workers,
		   FIELD(workers)),
	SCHEMA_KEY("length", SCHEMA_TEXT, "a number of packets, such as 4096", read_length,
		   FIELD(length)),
	SCHEMA_KEY("on-failure", SCHEMA_TEXT, "open or closed", read_on_failure, FIELD(fail_open)),
	SCHEMA_KEY("owner-deadline", SCHEMA_TEXT, "a delay, such as 20ms", value_delay,
		   FIELD(owner_deadline_ns)),
};

static const struct schema schema = SCHEMA("`queue`", keys);

void read_queue(struct reader *reader, const char *key, const struct node *value, void *field)
{
	struct config_queue *queue = field;
	(void)key;
	schema_read(reader, &schema, value, queue);
	unsigned workers = queue->workers ? queue->workers : WORKERS_AUTO_MAX;
	unsigned last = queue->first + 2 * workers - 1;
	const struct node *first = node_get(value, "first");
	if (first && last > UINT16_MAX)
		report_error(reader->diags, first->at,
			     "`first` is %u: %u workers take two queues each, so at most %u",
			     queue->first, workers, UINT16_MAX + 1 - 2 * workers);
}
