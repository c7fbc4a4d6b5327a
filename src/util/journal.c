/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "util/journal.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/alloc.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

int journal_open(void)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	int error = -errno;
	close(fd);
	return error;
}

bool journal_has_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;
	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

static char *append(char *end, const void *bytes, size_t length)
{
	memcpy(end, bytes, length);
	return end + length;
}

/* NAME=value; or, where the value has several lines, its length in front. */
static char *append_field(char *end, const struct log_field *field)
{
	size_t length = strlen(field->value);
	uint64_t encoded = htole64(length);
	end = append(end, field->name, strlen(field->name));
	if (memchr(field->value, '\n', length)) {
		*end++ = '\n';
		end = append(end, &encoded, sizeof(encoded));
	} else {
		*end++ = '=';
	}
	end = append(end, field->value, length);
	*end++ = '\n';
	return end;
}

char *journal_entry(const struct log_field *fields, size_t count, size_t *ret_length)
{
	size_t room = 0;
	for (size_t i = 0; i < count; i++)
		if (fields[i].value)
			room += strlen(fields[i].name) + strlen(fields[i].value) + 2 +
				sizeof(uint64_t);
	char *entry = xcalloc(room + 1, 1), *end = entry;
	for (size_t i = 0; i < count; i++)
		if (fields[i].value)
			end = append_field(end, &fields[i]);
	*ret_length = (size_t)(end - entry);
	return entry;
}

int journal_send(int fd, const struct log_field *fields, size_t count)
{
	size_t length;
	char *entry = journal_entry(fields, count, &length);
	int error = send(fd, entry, length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
	free(entry);
	return error;
}
