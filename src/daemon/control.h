/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The control server: the socket in the run directory, on the daemon's event loop. One request,
 * one answer (nfshaper/control.h).
 *
 * A request is read whole, then the handler gets it and owes it one answer: at once, or later. What
 * takes long keeps the request, returns, and answers it when it is done, from any thread: the text
 * is made by the thread that answers, and the loop only writes it, as fast as the client reads. So
 * neither a slow answer nor a client that hangs holds anybody up:
 *
 *   - a request has NFSHAPER_CONTROL_TIMEOUT_S to arrive and at most NFSHAPER_CONTROL_REQUEST_MAX
 *     bytes; its answer has as long to be read, and a second more for each MB;
 *   - there are at most CONTROL_CLIENTS_MAX clients. One more takes the place of the one that has
 *     waited longest of those that are not being answered by the daemon, other users' first;
 *   - answers that nobody reads hold at most CONTROL_ANSWERS_MAX bytes, or one.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include <ev.h>
#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#define CONTROL_CLIENTS_MAX 64
#define CONTROL_ANSWERS_MAX (64u << 20) /* bytes */

struct control;
struct control_request;

/*
 * Takes a request, on the loop. It must be answered exactly once, now or later, with
 * control_answer() or control_fail(), and not be used afterwards.
 */
typedef void control_handler(struct control_request *request, void *data);

/* What is asked for; both live until the answer. */
const char *control_command(const struct control_request *request);
json_t *control_members(const struct control_request *request); /* the whole request; borrowed */

/* Whose it is (SO_PEERCRED, unix(7)). */
uid_t control_user(const struct control_request *request);

/* True where it comes from root, who alone may change anything. */
bool control_is_root(const struct control_request *request);

/* Answers with a result, whose reference is taken over. Any thread. */
void control_answer(struct control_request *request, json_t *result);

/* The same with a result that is JSON text already; the text is taken over. */
void control_answer_text(struct control_request *request, char *result);

/* Answers with what went wrong. Any thread. */
void control_fail(struct control_request *request, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Listens in the run directory, replacing a socket that a crash left there; the caller holds the
 * lock of the pid file, so no other daemon listens. The socket is of the directory's group. NULL
 * and errno on failure.
 */
struct control *control_new(struct ev_loop *loop, const char *run_dir, control_handler *handler,
			    void *data);

/*
 * Closes all connections, those with an answer after one more attempt to write it, and removes the
 * socket. Requests that were kept must have been answered. NULL is fine.
 */
void control_free(struct control *control);

#endif
