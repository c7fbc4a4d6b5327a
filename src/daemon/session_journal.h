/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file of sessions on the disk: blocks are appended, and now and then it is replaced by a new
 * one that begins with a base. Knows nothing of what blocks hold.
 *
 * The new file comes about beside the old one: the base goes to the new one only, and then, until
 * the new one is on the disk (which can take seconds, and is waited for by a thread of its own),
 * each block goes to both. So whenever the daemon ends, the file that bears the name has all that
 * was ever appended, and when the power fails it is whole.
 *
 *   journal_open     the file that is there, or none
 *   journal_append   blocks of what has changed
 *   journal_begin    a new file; journal_append_base for what the base has; journal_end_base
 *   journal_settle   now and then: puts the new file in place when it is on the disk
 *   journal_close
 *
 * For one thread. Writes are never retried: after a failure the file that failed is given up, and
 * where that was the current one, journal_is_lost() asks for a new one.
 */
#ifndef DAEMON_SESSION_JOURNAL_H
#define DAEMON_SESSION_JOURNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file that is written; fd -1: there is none. */
struct journal_part {
	int fd;
	uint64_t bytes;
};

struct journal {
	char *state_dir;
	char *path;
	char *temporary;
	struct journal_part current;
	struct journal_part next;
	int next_error; /* why `next` has been given up, though its thread still runs */
	bool is_syncing;
	pthread_t sync_thread;
	int sync_error;        /* the thread's result … */
	atomic_bool is_synced; /* … when this is true */
};

/* `state_dir` is copied. Opens the file if it is there and is one of ours. */
void journal_init(struct journal *journal, const char *state_dir);
/* Waits for the thread, puts a whole new file in place, closes. 0, or why that failed. */
int journal_fini(struct journal *journal);

/* No file takes what is appended, neither one in place nor a whole new one. */
bool journal_is_lost(const struct journal *journal);
/* True where somebody has removed the file that was in place, which is then given up. */
bool journal_has_vanished(struct journal *journal);
/* A new file is being made. */
bool journal_is_replacing(const struct journal *journal);

/*
 * Appends whole blocks. 0; or negative errno, and the file that was in place is given up, cut
 * behind its last whole block; the blocks may still be in the new one (journal_is_lost()).
 */
int journal_append(struct journal *journal, const void *blocks, size_t size);

/* Begins a new file, and makes the directory where it is missing. 0 or negative errno. */
int journal_begin(struct journal *journal);
/* 0 or negative errno, and the new file is given up. */
int journal_append_base(struct journal *journal, const void *blocks, size_t size);
/*
 * The base is whole: begins to bring it to the disk; where no file bears the name, it is put in
 * place at once. 0 or negative errno, as before.
 */
int journal_end_base(struct journal *journal);

/*
 * Puts the new file in place if it is on the disk; `wait`: as soon as it is. 0: it is in place, or
 * there is none; -EAGAIN: not yet; or another negative errno: it is given up.
 */
int journal_settle(struct journal *journal, bool wait);

#endif
