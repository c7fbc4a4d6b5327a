/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The control server: the socket in the run directory, on the daemon's event loop. One request,
 * one answer (nfshaper/control.h). Sizes and times are bounded, so that a client that hangs
 * holds nobody up.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include <ev.h>
#include <jansson.h>

/*
 * Answers one command. Returns the result (a new reference), or NULL with *ret_error a text to
 * be freed by the server.
 */
typedef json_t *control_handler(const char *command, json_t *request, void *data, char **ret_error);

struct control;

/*
 * Listens in the run directory, replacing a socket that a crash left there; the caller holds the
 * lock of the pid file, so no other daemon listens. NULL and errno on failure.
 */
struct control *control_new(struct ev_loop *loop, const char *run_dir, control_handler *handler,
			    void *data);

/* Closes all connections and removes the socket. NULL is fine. */
void control_free(struct control *control);

#endif
