/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One connection of the control server: its request is read, handled, and its answer written. Of
 * control.c only, which keeps the list of them.
 */
#ifndef DAEMON_CONTROL_CLIENT_H
#define DAEMON_CONTROL_CLIENT_H

#include <pthread.h>
#include <sys/types.h>

#include "daemon/control.h"

enum control_phase {
	CONTROL_READING, /* the request comes in */
	CONTROL_HANDLED, /* the daemon's turn: no timer, no events */
	CONTROL_WRITING, /* the answer goes out */
};

struct control_request {
	struct control_request *next; /* newest first */
	struct control_request *next_answered;
	struct control *control;
	enum control_phase phase;
	uid_t uid;
	ev_io io;
	ev_timer timer;
	char *text; /* what was read, or the answer */
	size_t length;
	size_t written; /* bytes of the answer that are out */
	json_t *members;
};

struct control {
	struct ev_loop *loop;
	control_handler *handler;
	void *data;
	char *path;
	ev_io io;
	struct control_request *clients;
	unsigned n_clients;
	size_t answer_bytes; /* of all that are being written */
	/* What has been answered, perhaps by another thread, and is not being written yet. */
	pthread_mutex_t mutex;
	struct control_request *answered;
	ev_async wake;
};

/* A connection that was accepted: joins the list and begins to read. */
void control_client_open(struct control *control, int fd, uid_t uid);

/* Ends it, whatever its phase, and leaves the list. */
void control_client_close(struct control_request *client);

/* Begins to write the answer that it has. */
void control_client_write(struct control_request *client);

/* Writes what the socket takes at once. */
void control_client_flush(struct control_request *client);

#endif
