/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/control.h"

#include <errno.h>
#include <nfshaper/control.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/alloc.h"

#define CLIENTS_MAX 16

/* A connection: first its request is read into `text`, then its answer is written out of it. */
struct client {
	struct client *next;
	struct control *control;
	ev_io io;
	ev_timer timer;
	char *text;
	size_t length;  /* bytes read so far, or bytes of the answer */
	size_t written; /* bytes of the answer that are out */
};

struct control {
	struct ev_loop *loop;
	control_handler *handler;
	void *data;
	char *path;
	ev_io io;
	struct client *clients;
	unsigned n_clients;
};

static void client_close(struct client *client)
{
	struct control *control = client->control;
	struct client **link = &control->clients;
	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	control->n_clients--;
	ev_io_stop(control->loop, &client->io);
	ev_timer_stop(control->loop, &client->timer);
	close(client->io.fd);
	free(client->text);
	free(client);
}

static json_t *error_answer(const char *error)
{
	return json_pack("{s:i, s:b, s:s}", "version", NFSHAPER_CONTROL_VERSION, "ok", 0, "error",
			 error);
}

/* The answer to the request, whatever it is. */
static json_t *answer(const struct control *control, const struct client *client)
{
	json_t *request = json_loadb(client->text, client->length, JSON_REJECT_DUPLICATES, NULL);
	const char *command = NULL;
	int version = 0;
	char *error = NULL;
	json_t *result = NULL;
	if (json_unpack(request, "{s:i, s:s}", "version", &version, "command", &command))
		error = xstrdup("the request is not understood");
	else if (version != NFSHAPER_CONTROL_VERSION)
		error = xasprintf("the daemon speaks version %d of the control protocol, not %d",
				  NFSHAPER_CONTROL_VERSION, version);
	else
		result = control->handler(command, request, control->data, &error);
	json_t *whole = result ? json_pack("{s:i, s:b, s:o}", "version", NFSHAPER_CONTROL_VERSION,
					   "ok", 1, "result", result)
			       : error_answer(error ? error : "failed");
	free(error);
	json_decref(request);
	return whole;
}

static void on_writable(struct ev_loop *loop, ev_io *io, int events)
{
	struct client *client = io->data;
	(void)loop;
	(void)events;
	ssize_t sent = send(io->fd, client->text + client->written,
			    client->length - client->written, MSG_NOSIGNAL);
	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (sent > 0)
		client->written += (size_t)sent;
	if (sent < 0 || client->written == client->length)
		client_close(client);
}

/* The client's time begins anew: what the daemon itself took, for a long file, is not the client's.
 */
static void restart_timer(struct client *client)
{
	ev_now_update(client->control->loop);
	ev_timer_again(client->control->loop, &client->timer);
}

static void begin_answer(struct client *client)
{
	json_t *whole = answer(client->control, client);
	char *text = json_dumps(whole, JSON_COMPACT);
	json_decref(whole);
	free(client->text);
	client->text = text;
	client->length = text ? strlen(text) : 0;
	ev_io_stop(client->control->loop, &client->io);
	ev_io_init(&client->io, on_writable, client->io.fd, EV_WRITE);
	ev_io_start(client->control->loop, &client->io);
	restart_timer(client);
}

/* A request ends with a line break, or where the client closes its side. */
static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
	struct client *client = io->data;
	(void)loop;
	(void)events;
	ssize_t got = recv(io->fd, client->text + client->length,
			   NFSHAPER_CONTROL_REQUEST_MAX - client->length, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got < 0) {
		client_close(client);
		return;
	}
	bool is_complete = got == 0 || memchr(client->text + client->length, '\n', (size_t)got);
	client->length += (size_t)got;
	if (is_complete || client->length == NFSHAPER_CONTROL_REQUEST_MAX)
		begin_answer(client);
}

static void on_timeout(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	client_close(timer->data);
}

static void on_connection(struct ev_loop *loop, ev_io *io, int events)
{
	struct control *control = io->data;
	(void)events;
	int fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	if (control->n_clients == CLIENTS_MAX) {
		close(fd);
		return;
	}
	struct client *client = xcalloc(1, sizeof(*client));
	client->control = control;
	client->text = xcalloc(1, NFSHAPER_CONTROL_REQUEST_MAX);
	client->next = control->clients;
	control->clients = client;
	control->n_clients++;
	ev_io_init(&client->io, on_readable, fd, EV_READ);
	ev_timer_init(&client->timer, on_timeout, NFSHAPER_CONTROL_TIMEOUT_S,
		      NFSHAPER_CONTROL_TIMEOUT_S);
	client->io.data = client->timer.data = client;
	ev_io_start(loop, &client->io);
	ev_timer_start(loop, &client->timer);
}

/* A socket that only root and the group may use. The errno is kept on failure. */
static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	unlink(path);
	mode_t mask = umask(0117);
	int error =
		bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, CLIENTS_MAX)
			? errno
			: 0;
	umask(mask);
	if (error) {
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

struct control *control_new(struct ev_loop *loop, const char *run_dir, control_handler *handler,
			    void *data)
{
	char *path = xasprintf("%s/%s", run_dir, NFSHAPER_CONTROL_SOCKET);
	int fd = listen_at(path);
	if (fd < 0) {
		int error = errno;
		free(path);
		errno = error;
		return NULL;
	}
	struct control *control = xcalloc(1, sizeof(*control));
	control->loop = loop;
	control->handler = handler;
	control->data = data;
	control->path = path;
	ev_io_init(&control->io, on_connection, fd, EV_READ);
	control->io.data = control;
	ev_io_start(loop, &control->io);
	return control;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	while (control->clients)
		client_close(control->clients);
	ev_io_stop(control->loop, &control->io);
	close(control->io.fd);
	unlink(control->path);
	free(control->path);
	free(control);
}
