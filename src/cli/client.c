/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/client.h"

#include <errno.h>
#include <nfshaper/control.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/alloc.h"

/*
 * Silence that is taken for the daemon's end. One that reads a large file again, or has others to
 * answer first, is silent for longer than it lets its clients be.
 */
#define PATIENCE_S 120

#define READ_MIN 65536 /* bytes */

/* A descriptor, or a negative errno. */
static int connect_to(const char *run_dir)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval timeout = {.tv_sec = PATIENCE_S};
	int length = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", run_dir,
			      NFSHAPER_CONTROL_SOCKET);
	if (length < 0 || (size_t)length >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	int error = -errno;
	close(fd);
	return error;
}

static int send_request(int fd, const char *command, json_t *members)
{
	json_t *request =
		json_pack("{s:i, s:s}", "version", NFSHAPER_CONTROL_VERSION, "command", command);
	if (members)
		json_object_update_missing(request, members);
	char *text = json_dumps(request, JSON_COMPACT);
	char *line = xasprintf("%s\n", text);
	size_t length = strlen(line);
	ssize_t sent = send(fd, line, length, MSG_NOSIGNAL);
	int error = sent == (ssize_t)length ? 0 : sent < 0 ? -errno : -EIO;
	free(line);
	free(text);
	json_decref(request);
	return error;
}

/* The whole answer, in large pieces: jansson's own reader takes a kilobyte at a time. */
static json_t *read_answer(int fd)
{
	char *text = NULL;
	size_t size = 0, capacity = 0;
	ssize_t got;
	do {
		if (capacity - size < READ_MIN) {
			capacity = 2 * capacity + READ_MIN;
			text = xreallocarray(text, capacity, 1);
		}
		got = recv(fd, text + size, capacity - size, 0);
		size += got > 0 ? (size_t)got : 0;
	} while (got > 0 || (got < 0 && errno == EINTR));
	json_t *answer = got < 0 ? NULL : json_loadb(text, size, 0, NULL);
	free(text);
	return answer;
}

static int take_answer(json_t *answer, json_t **ret_result)
{
	json_t *result = json_object_get(answer, "result");
	const char *error = json_string_value(json_object_get(answer, "error"));
	json_int_t version = json_integer_value(json_object_get(answer, "version"));
	if (version && version != NFSHAPER_CONTROL_VERSION)
		return cli_fail(EXIT_FAILED,
				"the daemon speaks version %d of the control protocol, this "
				"program (nfshaper %s) version %d: use the one that it was started "
				"from",
				(int)version, PACKAGE_VERSION, NFSHAPER_CONTROL_VERSION);
	if (!result)
		return cli_fail(EXIT_FAILED, "%s",
				error ? error : "the daemon's answer is not understood");
	*ret_result = json_incref(result);
	return EXIT_DONE;
}

/* The whole answer, or NULL. */
static json_t *ask(int fd, const char *command, json_t *members)
{
	if (send_request(fd, command, members))
		return NULL;
	return read_answer(fd);
}

int client_ask(const struct cli *cli, const char *command, json_t *members, json_t **ret_result)
{
	int fd = connect_to(cli->run_dir);
	json_t *answer = fd < 0 ? NULL : ask(fd, command, members);
	json_decref(members);
	if (fd == -ENOENT || fd == -ECONNREFUSED)
		return cli_fail(EXIT_NO_DAEMON, "no nfshaper runs with %s", cli->run_dir);
	if (fd < 0)
		return cli_fail(EXIT_FAILED, "%s: %s", cli->run_dir, strerror(-fd));
	close(fd);
	if (!answer)
		return cli_fail(EXIT_FAILED, "the daemon gave no answer");
	int status = take_answer(answer, ret_result);
	json_decref(answer);
	return status;
}
