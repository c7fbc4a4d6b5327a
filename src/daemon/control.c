/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/control.h"

#include <assert.h>
#include <errno.h>
#include <nfshaper/control.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/control_client.h"
#include "util/alloc.h"

const char *control_command(const struct control_request *request)
{
	return json_string_value(json_object_get(request->members, "command"));
}

json_t *control_members(const struct control_request *request)
{
	return request->members;
}

uid_t control_user(const struct control_request *request)
{
	return request->uid;
}

bool control_is_root(const struct control_request *request)
{
	return request->uid == 0;
}

static json_t *error_json(const char *error)
{
	return json_pack("{s:i, s:b, s:s}", "version", NFSHAPER_CONTROL_VERSION, "ok", 0, "error",
			 error);
}

static void set_text(struct control_request *request, json_t *whole)
{
	free(request->text);
	request->text = whole ? json_dumps(whole, JSON_COMPACT) : NULL;
	request->length = request->text ? strlen(request->text) : 0;
	json_decref(whole);
}

/* Hands the answered request to the loop. */
static void hand_over(struct control_request *request)
{
	struct control *control = request->control;
	pthread_mutex_lock(&control->mutex);
	request->next_answered = control->answered;
	control->answered = request;
	/* With the mutex held: once it is free, control_free() may be through with all of it. */
	ev_async_send(control->loop, &control->wake);
	pthread_mutex_unlock(&control->mutex);
}

void control_answer(struct control_request *request, json_t *result)
{
	set_text(request, json_pack("{s:i, s:b, s:o}", "version", NFSHAPER_CONTROL_VERSION, "ok", 1,
				    "result", result));
	hand_over(request);
}

void control_answer_text(struct control_request *request, char *result)
{
	request->text = xasprintf("{\"version\":%d,\"ok\":true,\"result\":%s}",
				  NFSHAPER_CONTROL_VERSION, result);
	request->length = strlen(request->text);
	free(result);
	hand_over(request);
}

void control_fail(struct control_request *request, const char *format, ...)
{
	char *error = NULL;
	va_list args;
	va_start(args, format);
	if (vasprintf(&error, format, args) < 0)
		error = NULL;
	va_end(args);
	set_text(request, error_json(error ? error : "failed"));
	free(error);
	hand_over(request);
}

/* What has been answered is written from now on. */
static void collect(struct control *control)
{
	pthread_mutex_lock(&control->mutex);
	struct control_request *answered = control->answered;
	control->answered = NULL;
	pthread_mutex_unlock(&control->mutex);
	while (answered) {
		struct control_request *next = answered->next_answered;
		if (control->answer_bytes &&
		    control->answer_bytes + answered->length > CONTROL_ANSWERS_MAX)
			set_text(answered, error_json("the daemon is busy: other clients have not "
						      "read their answers yet; try again"));
		control_client_write(answered);
		answered = next;
	}
}

static void on_answered(struct ev_loop *loop, ev_async *wake, int events)
{
	(void)loop;
	(void)events;
	collect(wake->data);
}

/*
 * The client that must make room for one of that user: the oldest that the daemon itself does not
 * keep waiting, root's only for root. NULL where there is none.
 */
static struct control_request *find_victim(const struct control *control, uid_t uid)
{
	struct control_request *victim = NULL;
	for (struct control_request *client = control->clients; client; client = client->next) {
		bool is_roots = client->uid == 0;
		if (client->phase == CONTROL_HANDLED || (is_roots && uid != 0))
			continue;
		if (!victim || !is_roots || victim->uid == 0)
			victim = client;
	}
	return victim;
}

static bool make_room(struct control *control, uid_t uid)
{
	if (control->n_clients < CONTROL_CLIENTS_MAX)
		return true;
	struct control_request *victim = find_victim(control, uid);
	if (victim)
		control_client_close(victim);
	return victim;
}

static void on_connection(struct ev_loop *loop, ev_io *io, int events)
{
	struct control *control = io->data;
	struct ucred peer;
	socklen_t size = sizeof(peer);
	(void)loop;
	(void)events;
	int fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) || !make_room(control, peer.uid))
		close(fd);
	else
		control_client_open(control, fd, peer.uid);
}

/* Whoever may enter the directory may ask: its group, not only the daemon's own. */
static int give_to_group(const char *path, const char *run_dir)
{
	struct stat folder;
	if (stat(run_dir, &folder) || chown(path, (uid_t)-1, folder.st_gid))
		return -errno;
	return 0;
}

/* A socket that only root and the group may use. The errno is kept on failure. */
static int listen_at(const char *path, const char *run_dir)
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
	int error = bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	umask(mask);
	if (!error)
		error = give_to_group(path, run_dir);
	if (!error && listen(fd, CONTROL_CLIENTS_MAX))
		error = -errno;
	if (error) {
		close(fd);
		errno = -error;
		return -1;
	}
	return fd;
}

struct control *control_new(struct ev_loop *loop, const char *run_dir, control_handler *handler,
			    void *data)
{
	char *path = xasprintf("%s/%s", run_dir, NFSHAPER_CONTROL_SOCKET);
	int fd = listen_at(path, run_dir);
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
	pthread_mutex_init(&control->mutex, NULL);
	ev_io_init(&control->io, on_connection, fd, EV_READ);
	ev_async_init(&control->wake, on_answered);
	control->io.data = control->wake.data = control;
	ev_io_start(loop, &control->io);
	ev_async_start(loop, &control->wake);
	return control;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	collect(control);
	for (struct control_request *client = control->clients, *next; client; client = next) {
		next = client->next;
		assert(client->phase != CONTROL_HANDLED);
		if (client->phase == CONTROL_WRITING)
			control_client_flush(client);
	}
	while (control->clients)
		control_client_close(control->clients);
	ev_io_stop(control->loop, &control->io);
	ev_async_stop(control->loop, &control->wake);
	close(control->io.fd);
	unlink(control->path);
	pthread_mutex_destroy(&control->mutex);
	free(control->path);
	free(control);
}
