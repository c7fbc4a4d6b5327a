/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/session_writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/session_format.h"
#include "daemon/session_journal.h"
#include "util/alloc.h"

/* A throttle of the set, and how far the walks over it have come. */
struct entry {
	struct throttle *throttle;
	uint64_t life;
	bool continues;
	bool is_unknown; /* the file has nothing that says that its life has begun */
	bool is_round_done;
	bool is_base_done;
	uint32_t base_cursor;
};

struct session_writer {
	struct journal journal;
	struct session_time now;
	session_clock clock;
	session_report report;
	void *context;
	/* Of the control thread and of the one that writes. */
	pthread_mutex_t lock;
	struct entry *entries;
	size_t count;
	bool has_been_set;
	uint64_t next_life;
	/* Of the one that writes. */
	bool is_last;    /* a stop need not wait for a new file, but where there is no other */
	bool is_behind;  /* something was taken out of the throttles and is in no file */
	bool is_failing; /* and it has been reported */
	unsigned pause;  /* rounds until a new file is tried again */
	unsigned pause_next;
	uint8_t buffer[SESSION_BLOCK_SIZE_MAX];
};

enum source { CHANGES, BASE };

/* Where the records of a block are put, while a throttle is walked over. */
struct collector {
	struct session_block block;
	uint8_t *at;
};

struct session_writer *session_writer_new(const struct session_writer_options *options)
{
	struct session_writer *writer = xcalloc(1, sizeof(*writer));
	writer->now = options->now;
	writer->clock = options->clock;
	writer->report = options->report;
	writer->context = options->context;
	writer->pause_next = 1;
	/* No two daemons that write one file after the other may have a life in common. */
	if (getrandom(&writer->next_life, sizeof(writer->next_life), 0) !=
	    sizeof(writer->next_life))
		writer->next_life = (uint64_t)options->now.real_ns;
	pthread_mutex_init(&writer->lock, NULL);
	journal_init(&writer->journal, options->state_dir);
	return writer;
}

static struct entry *find_entry(struct session_writer *writer, const struct throttle *throttle)
{
	for (size_t i = 0; i < writer->count; i++) {
		if (writer->entries[i].throttle == throttle)
			return &writer->entries[i];
	}
	return NULL;
}

void session_writer_set(struct session_writer *writer, struct throttle *const *throttles,
			size_t count)
{
	struct entry *entries = xcalloc(count ? count : 1, sizeof(*entries));
	pthread_mutex_lock(&writer->lock);
	for (size_t i = 0; i < count; i++) {
		const struct entry *known = find_entry(writer, throttles[i]);
		if (known)
			entries[i] = *known;
		else
			/* A base that is being made goes on without: its first round has it all. */
			entries[i] = (struct entry){
				.throttle = throttles[i],
				.life = writer->next_life++,
				.continues = !writer->has_been_set,
				.is_unknown = writer->has_been_set,
				.is_base_done = true,
			};
	}
	struct entry *before = writer->entries;
	writer->entries = entries;
	writer->count = count;
	writer->has_been_set = true;
	pthread_mutex_unlock(&writer->lock);
	free(before);
}

static void collect_session(const struct throttle_session *session, void *context)
{
	struct collector *collector = context;
	session_record_write(collector->at, &collector->block, session);
	collector->at += collector->block.record_size;
	collector->block.count++;
}

/*
 * One step of a walk, into the buffer. Returns the size of the block; 0: it had no session, and
 * need not say that what the file has of an earlier throttle with this tag is void.
 */
static size_t collect(struct session_writer *writer, struct entry *entry, enum source source)
{
	struct throttle *throttle = entry->throttle;
	const struct throttle_spec *spec = throttle_spec(throttle);
	struct throttle_figures figures;
	writer->clock(&writer->now);
	struct collector collector = {
		.block = {.tag = throttle_tag(throttle),
			  .tag_length = strlen(throttle_tag(throttle)),
			  .kind = spec->kind,
			  .layout = spec->session,
			  .life = entry->life,
			  .continues = entry->continues,
			  .time = writer->now,
			  .record_size = session_record_size(&spec->session)},
	};
	collector.at = session_block_begin(writer->buffer, &collector.block);
	if (source == CHANGES)
		entry->is_round_done = !throttle_export_changed(throttle, SESSION_BLOCK_RECORDS,
								writer->now.monotonic_ns,
								collect_session, &collector);
	else
		entry->is_base_done =
			!throttle_export(throttle, &entry->base_cursor, SESSION_BLOCK_RECORDS,
					 writer->now.monotonic_ns, collect_session, &collector);
	if (collector.block.count == 0 && !(entry->is_unknown && source == CHANGES))
		return 0;
	entry->is_unknown = false;
	throttle_figures(throttle, &figures);
	collector.block.passed = figures.passed;
	collector.block.over = figures.over;
	collector.block.evicted = figures.evicted;
	return session_block_finish(writer->buffer, &collector.block);
}

static struct entry *next_entry(struct session_writer *writer, enum source source)
{
	for (size_t i = 0; i < writer->count; i++) {
		struct entry *entry = &writer->entries[i];
		if (source == CHANGES ? !entry->is_round_done : !entry->is_base_done)
			return entry;
	}
	return NULL;
}

/* The next block of all throttles; false: that was all. */
static bool next_block(struct session_writer *writer, enum source source, size_t *ret_size)
{
	pthread_mutex_lock(&writer->lock);
	struct entry *entry = next_entry(writer, source);
	if (entry)
		*ret_size = collect(writer, entry, source);
	pthread_mutex_unlock(&writer->lock);
	return entry != NULL;
}

/* Looks which throttles have changed; false: none. */
static bool begin_round(struct session_writer *writer)
{
	bool has_changed = false;
	pthread_mutex_lock(&writer->lock);
	for (size_t i = 0; i < writer->count; i++) {
		struct entry *entry = &writer->entries[i];
		entry->is_round_done = !entry->is_unknown && !throttle_has_changed(entry->throttle);
		has_changed = has_changed || !entry->is_round_done;
	}
	pthread_mutex_unlock(&writer->lock);
	return has_changed;
}

/* Without a file to continue, the base has all that has changed so far. */
static void begin_base(struct session_writer *writer, bool is_all)
{
	pthread_mutex_lock(&writer->lock);
	for (size_t i = 0; i < writer->count; i++) {
		struct entry *entry = &writer->entries[i];
		entry->is_base_done = false;
		entry->base_cursor = 0;
		if (is_all)
			throttle_skip_changed(entry->throttle);
	}
	pthread_mutex_unlock(&writer->lock);
}

static int write_changes(struct session_writer *writer)
{
	size_t size = 0;
	int error = 0;
	while (!error && next_block(writer, CHANGES, &size)) {
		if (size)
			error = journal_append(&writer->journal, writer->buffer, size);
	}
	if (error && journal_is_lost(&writer->journal))
		writer->is_behind = true;
	return error;
}

static int write_base(struct session_writer *writer)
{
	size_t size = 0;
	bool is_all = journal_is_lost(&writer->journal);
	int error = journal_begin(&writer->journal);
	if (error)
		return error;
	begin_base(writer, is_all);
	while (!error && next_block(writer, BASE, &size)) {
		if (size)
			error = journal_append_base(&writer->journal, writer->buffer, size);
	}
	return error ? error : journal_end_base(&writer->journal);
}

/* Bytes that a base of all throttles would have. */
static uint64_t base_bytes(struct session_writer *writer)
{
	uint64_t bytes = 0;
	pthread_mutex_lock(&writer->lock);
	for (size_t i = 0; i < writer->count; i++) {
		struct throttle *throttle = writer->entries[i].throttle;
		struct throttle_figures figures;
		throttle_figures(throttle, &figures);
		bytes += figures.sessions * session_record_size(&throttle_spec(throttle)->session);
	}
	pthread_mutex_unlock(&writer->lock);
	return bytes;
}

static bool wants_base(struct session_writer *writer, bool has_changed)
{
	const struct journal *journal = &writer->journal;
	if (journal_is_replacing(journal) || writer->pause)
		return false;
	if (journal_is_lost(journal))
		return has_changed || writer->is_behind;
	return has_changed && !writer->is_last &&
	       journal->current.bytes > SESSION_WRITER_SLACK_BYTES &&
	       journal->current.bytes - SESSION_WRITER_SLACK_BYTES > 2 * base_bytes(writer);
}

/* A disk that is full is not to be filled up to its end and emptied again each second. */
static void note_base(struct session_writer *writer, int error)
{
	if (!error) {
		writer->pause_next = 1;
		writer->is_behind = false;
		return;
	}
	if (journal_is_lost(&writer->journal))
		writer->is_behind = true;
	writer->pause = writer->pause_next;
	if (writer->pause_next < SESSION_WRITER_PAUSE_MAX)
		writer->pause_next *= 2;
}

static void note_round(struct session_writer *writer, int error)
{
	const char *path = writer->journal.path;
	char *message = NULL;
	if (error && !writer->is_failing) {
		message = xasprintf("%s cannot be written: %s%s", path, strerror(-error),
				    journal_is_lost(&writer->journal)
					    ? "; until it can, a stop makes throttles begin anew"
					    : "");
		writer->is_failing = true;
	} else if (!error && writer->is_failing && writer->pause_next == 1 && !writer->is_behind) {
		message = xasprintf("%s is written again", path);
		writer->is_failing = false;
	}
	if (message)
		writer->report(writer->context, writer->is_failing, message);
	free(message);
}

/* Finishes the new file, if there is one; 0: nothing is amiss. */
static int settle(struct session_writer *writer, bool wait)
{
	if (!journal_is_replacing(&writer->journal))
		return 0;
	int error = journal_settle(&writer->journal, wait);
	if (error == -EAGAIN)
		return 0;
	note_base(writer, error);
	return error;
}

bool session_writer_round(struct session_writer *writer)
{
	int error = settle(writer, false);
	if (journal_has_vanished(&writer->journal))
		writer->is_behind = true;
	if (writer->pause)
		writer->pause--;
	bool has_changed = begin_round(writer);
	if (has_changed && !journal_is_lost(&writer->journal)) {
		int append_error = write_changes(writer);
		error = error ? error : append_error;
	}
	if (wants_base(writer, has_changed)) {
		int base_error = write_base(writer);
		if (base_error || !journal_is_replacing(&writer->journal))
			note_base(writer, base_error);
		error = error ? error : base_error;
	}
	note_round(writer, error);
	return journal_is_replacing(&writer->journal);
}

void session_writer_free(struct session_writer *writer)
{
	if (!writer)
		return;
	writer->pause = 0;
	writer->is_last = true;
	session_writer_round(writer);
	note_round(writer, settle(writer, true));
	journal_fini(&writer->journal);
	pthread_mutex_destroy(&writer->lock);
	free(writer->entries);
	free(writer);
}
