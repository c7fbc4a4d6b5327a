/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/control_client.h"

#include <errno.h>
#include <nfshaper/control.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/alloc.h"

#define WRITE_RATE_MIN 1e6 /* bytes/s that a client must read */

void control_client_close(struct control_request *client)
{
	struct control *control = client->control;
	struct control_request **link = &control->clients;
	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	control->n_clients--;
	if (client->phase == CONTROL_WRITING)
		control->answer_bytes -= client->length;
	ev_io_stop(control->loop, &client->io);
	ev_timer_stop(control->loop, &client->timer);
	close(client->io.fd);
	json_decref(client->members);
	free(client->text);
	free(client);
}

static void start_timer(struct control_request *client, double seconds)
{
	struct ev_loop *loop = client->control->loop;
	ev_timer_stop(loop, &client->timer);
	ev_now_update(loop); /* what the daemon itself took is not the client's */
	ev_timer_set(&client->timer, seconds, 0.);
	ev_timer_start(loop, &client->timer);
}

static void on_timeout(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	control_client_close(timer->data);
}

void control_client_flush(struct control_request *client)
{
	ssize_t sent = send(client->io.fd, client->text + client->written,
			    client->length - client->written, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (sent > 0)
		client->written += (size_t)sent;
	if (sent < 0 || client->written == client->length)
		control_client_close(client);
}

static void on_writable(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	(void)events;
	control_client_flush(io->data);
}

void control_client_write(struct control_request *client)
{
	struct control *control = client->control;
	client->phase = CONTROL_WRITING;
	control->answer_bytes += client->length;
	ev_io_init(&client->io, on_writable, client->io.fd, EV_WRITE);
	ev_io_start(control->loop, &client->io);
	start_timer(client, NFSHAPER_CONTROL_TIMEOUT_S + (double)client->length / WRITE_RATE_MIN);
}

/* The request is here: what it says is found out, and the handler's turn has come. */
static void handle(struct control_request *client)
{
	struct control *control = client->control;
	int version = 0;
	const char *command;
	ev_io_stop(control->loop, &client->io);
	ev_timer_stop(control->loop, &client->timer);
	client->phase = CONTROL_HANDLED;
	client->members = json_loadb(client->text, client->length, JSON_REJECT_DUPLICATES, NULL);
	free(client->text);
	client->text = NULL;
	if (json_unpack(client->members, "{s:i}", "version", &version) == 0 &&
	    version != NFSHAPER_CONTROL_VERSION)
		control_fail(client,
			     "the daemon (nfshaper %s) speaks version %d of the control protocol, "
			     "not %d: use the program that it was started from, or restart it",
			     PACKAGE_VERSION, NFSHAPER_CONTROL_VERSION, version);
	else if (json_unpack(client->members, "{s:i, s:s}", "version", &version, "command",
			     &command))
		control_fail(client, "the request is not understood");
	else
		control->handler(client, control->data);
}

/* A request ends with a line break, or where the client closes its side. */
static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
	struct control_request *client = io->data;
	(void)loop;
	(void)events;
	ssize_t got = recv(io->fd, client->text + client->length,
			   NFSHAPER_CONTROL_REQUEST_MAX - client->length, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* One that goes without a word is not answered. */
	if (got < 0 || (got == 0 && client->length == 0)) {
		control_client_close(client);
		return;
	}
	bool is_complete = got == 0 || memchr(client->text + client->length, '\n', (size_t)got);
	client->length += (size_t)got;
	if (is_complete || client->length == NFSHAPER_CONTROL_REQUEST_MAX)
		handle(client);
}

void control_client_open(struct control *control, int fd, uid_t uid)
{
	struct control_request *client = xcalloc(1, sizeof(*client));
	client->control = control;
	client->uid = uid;
	client->text = xcalloc(1, NFSHAPER_CONTROL_REQUEST_MAX);
	client->next = control->clients;
	control->clients = client;
	control->n_clients++;
	ev_io_init(&client->io, on_readable, fd, EV_READ);
	ev_timer_init(&client->timer, on_timeout, 0., 0.);
	client->io.data = client->timer.data = client;
	ev_io_start(control->loop, &client->io);
	start_timer(client, NFSHAPER_CONTROL_TIMEOUT_S);
}
