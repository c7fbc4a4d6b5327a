/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/session_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/session_format.h"
#include "util/alloc.h"
#include "util/file.h"

static void part_close(struct journal_part *part)
{
	if (part->fd >= 0)
		close(part->fd);
	*part = (struct journal_part){.fd = -1};
}

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
	size_t done = 0;
	while (done < size) {
		ssize_t got = write(fd, bytes + done, size - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -ENOSPC;
		done += (size_t)got;
	}
	return 0;
}

static int part_append(struct journal_part *part, const void *bytes, size_t size)
{
	int error = write_all(part->fd, bytes, size);
	if (!error)
		part->bytes += size;
	return error;
}

static void open_current(struct journal *journal)
{
	uint8_t header[SESSION_FILE_HEADER_SIZE];
	uint32_t version;
	struct stat status;
	int fd = open(journal->path, O_RDWR | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return;
	journal->current.fd = fd;
	if (read(fd, header, sizeof(header)) != sizeof(header) ||
	    session_header_read(header, sizeof(header), &version) || fstat(fd, &status))
		part_close(&journal->current);
	else
		journal->current.bytes = (uint64_t)status.st_size;
}

void journal_init(struct journal *journal, const char *state_dir)
{
	*journal = (struct journal){
		.state_dir = xstrdup(state_dir),
		.path = xasprintf("%s/%s", state_dir, SESSION_FILE_NAME),
		.temporary = xasprintf("%s/%s.new", state_dir, SESSION_FILE_NAME),
		.current.fd = -1,
		.next.fd = -1,
	};
	open_current(journal);
}

int journal_fini(struct journal *journal)
{
	int error = journal_settle(journal, true);
	part_close(&journal->current);
	free(journal->state_dir);
	free(journal->path);
	free(journal->temporary);
	return error;
}

bool journal_is_replacing(const struct journal *journal)
{
	return journal->next.fd >= 0;
}

bool journal_is_lost(const struct journal *journal)
{
	return journal->current.fd < 0 && (journal->next.fd < 0 || journal->next_error);
}

bool journal_has_vanished(struct journal *journal)
{
	struct stat status;
	if (journal->current.fd < 0 || fstat(journal->current.fd, &status) || status.st_nlink > 0)
		return false;
	part_close(&journal->current);
	return true;
}

/* The thread may be using it: then it is only written no more. */
static void give_up_next(struct journal *journal, int error)
{
	journal->next_error = error;
	if (journal->is_syncing)
		return;
	part_close(&journal->next);
	unlink(journal->temporary);
}

int journal_append(struct journal *journal, const void *blocks, size_t size)
{
	struct journal_part *current = &journal->current;
	int error = 0;
	if (journal->next.fd >= 0 && !journal->next_error) {
		int next_error = part_append(&journal->next, blocks, size);
		if (next_error)
			give_up_next(journal, next_error);
	}
	if (current->fd >= 0) {
		error = part_append(current, blocks, size);
		/* Where even that fails, half a block at the end is no damage. */
		if (error && ftruncate(current->fd, (off_t)current->bytes) == 0)
			(void)0;
		if (error)
			part_close(current);
	}
	return error;
}

int journal_begin(struct journal *journal)
{
	uint8_t header[SESSION_FILE_HEADER_SIZE];
	int error = make_directory(journal->state_dir, 0755);
	if (error)
		return error;
	/* Who talked to whom is not for everybody. */
	int fd =
		open(journal->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	journal->next = (struct journal_part){.fd = fd};
	journal->next_error = 0;
	session_header_write(header);
	return journal_append_base(journal, header, sizeof(header));
}

int journal_append_base(struct journal *journal, const void *blocks, size_t size)
{
	if (!journal->next_error) {
		int error = part_append(&journal->next, blocks, size);
		if (error)
			give_up_next(journal, error);
	}
	return journal->next_error;
}

static int put_in_place(struct journal *journal)
{
	if (rename(journal->temporary, journal->path)) {
		int error = -errno;
		give_up_next(journal, error);
		return error;
	}
	part_close(&journal->current);
	journal->current = journal->next;
	journal->next = (struct journal_part){.fd = -1};
	return 0;
}

static void *run_sync(void *argument)
{
	struct journal *journal = argument;
	journal->sync_error = fsync(journal->next.fd) ? -errno : 0;
	atomic_store_explicit(&journal->is_synced, true, memory_order_release);
	return NULL;
}

int journal_end_base(struct journal *journal)
{
	sigset_t all, before;
	if (journal->next_error)
		return journal->next_error;
	/* Where there is nothing to lose, even a file that the disk does not have yet is better. */
	if (journal->current.fd < 0 && access(journal->path, F_OK))
		return put_in_place(journal);
	atomic_store_explicit(&journal->is_synced, false, memory_order_relaxed);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = -pthread_create(&journal->sync_thread, NULL, run_sync, journal);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		give_up_next(journal, error);
	else
		journal->is_syncing = true;
	return error;
}

int journal_settle(struct journal *journal, bool wait)
{
	if (!journal->is_syncing)
		return 0;
	if (!wait && !atomic_load_explicit(&journal->is_synced, memory_order_acquire))
		return -EAGAIN;
	pthread_join(journal->sync_thread, NULL);
	journal->is_syncing = false;
	int error = journal->next_error ? journal->next_error : journal->sync_error;
	if (!error)
		return put_in_place(journal);
	give_up_next(journal, error);
	return error;
}
