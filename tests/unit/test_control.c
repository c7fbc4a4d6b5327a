/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The control server with clients that behave and clients that do not, on a loop of its own. */
#include <errno.h>
#include <ev.h>
#include <nfshaper/control.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "daemon/control.h"
#include "fixture.h"
#include "util/alloc.h"

#define LARGE_BYTES (10u << 20)
#define REQUEST(command) "{\"version\": 1, \"command\": \"" command "\"}\n"

struct server {
	char run_dir[64];
	struct ev_loop *loop;
	struct control *control;
	struct control_request *kept;
	unsigned handled;
	bool was_root;
};

static void handle(struct control_request *request, void *data)
{
	struct server *server = data;
	const char *command = control_command(request);
	server->handled++;
	server->was_root = control_is_root(request);
	if (strcmp(command, "keep") == 0) {
		server->kept = request;
	} else if (strcmp(command, "large") == 0) {
		/* As text: to make JSON of so much takes long under valgrind, and clients have
		 * only so much time. */
		char *text = xcalloc(1, LARGE_BYTES + 1);
		memset(text, 'x', LARGE_BYTES);
		text[0] = text[LARGE_BYTES - 1] = '"';
		control_answer_text(request, text);
	} else if (strcmp(command, "fail") == 0) {
		control_fail(request, "no %s today", "luck");
	} else {
		control_answer(request,
			       json_incref(json_object_get(control_members(request), "member")));
	}
}

static int set_up(void **state)
{
	struct server *server = xcalloc(1, sizeof(*server));
	strcpy(server->run_dir, "/tmp/nfshaper-control-XXXXXX");
	assert_non_null(mkdtemp(server->run_dir));
	server->loop = ev_loop_new(EVFLAG_AUTO);
	server->control = control_new(server->loop, server->run_dir, handle, server);
	assert_non_null(server->control);
	*state = server;
	return 0;
}

static int tear_down(void **state)
{
	struct server *server = *state;
	control_free(server->control);
	ev_loop_destroy(server->loop);
	/* It has removed its socket. */
	assert_int_equal(rmdir(server->run_dir), 0);
	free(server);
	return 0;
}

static int dial(const struct server *server)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", server->run_dir,
		 NFSHAPER_CONTROL_SOCKET);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Runs the loop until the server has closed the connection; what came over it. */
static char *hear(struct server *server, int fd)
{
	char *text = NULL;
	size_t length = 0, room = 65536;
	for (;;) {
		if (!text || length == room)
			text = xreallocarray(text, (room *= 2) + 1, 1);
		ssize_t got = recv(fd, text + length, room - length, 0);
		if (got < 0 && errno == EAGAIN) {
			ev_run(server->loop, EVRUN_ONCE);
			continue;
		}
		length += got > 0 ? (size_t)got : 0;
		text[length] = '\0';
		if (got <= 0)
			break;
	}
	close(fd);
	return text;
}

static json_t *ask(struct server *server, const char *request)
{
	int fd = dial(server);
	say(fd, request);
	char *text = hear(server, fd);
	json_t *answer = json_loads(text, 0, NULL);
	free(text);
	assert_non_null(answer);
	assert_int_equal(json_integer_value(json_object_get(answer, "version")), 1);
	return answer;
}

static void expect_error(struct server *server, const char *request, const char *part)
{
	json_t *answer = ask(server, request);
	const char *error = json_string_value(json_object_get(answer, "error"));
	assert_true(json_is_false(json_object_get(answer, "ok")));
	assert_non_null(error);
	if (!strstr(error, part))
		fail_msg("`%s` is not in `%s`", part, error);
	json_decref(answer);
}

static void test_answers(void **state)
{
	struct server *server = *state;
	json_t *answer =
		ask(server, "{\"version\": 1, \"command\": \"echo\", \"member\": [1, 2]}\n");
	assert_true(json_is_true(json_object_get(answer, "ok")));
	assert_int_equal(json_array_size(json_object_get(answer, "result")), 2);
	assert_int_equal(server->was_root, geteuid() == 0);
	json_decref(answer);
	expect_error(server, REQUEST("fail"), "no luck today");
}

static void test_bad_requests(void **state)
{
	struct server *server = *state;
	expect_error(server, "{\"version\": 2, \"command\": \"status\"}\n", "version 1");
	expect_error(server, "{\"version\": 9, \"order\": true}\n", "not 9");
	expect_error(server, "{\"version\": 1}\n", "not understood");
	expect_error(server, "{\"version\": 1, \"command\": 5}\n", "not understood");
	expect_error(server, "{\"version\": 1, \"command\": \"a\", \"command\": \"b\"}\n",
		     "not understood");
	expect_error(server, "[]\n", "not understood");
	expect_error(server, "\n", "not understood");
	expect_error(server, "\xff\xfe\n", "not understood");
	assert_int_equal(server->handled, 0);
}

/* A request that never ends is cut off; one that ends with the connection is answered. */
static void test_ends_of_requests(void **state)
{
	struct server *server = *state;
	char *endless = xcalloc(1, NFSHAPER_CONTROL_REQUEST_MAX + 1);
	memset(endless, ' ', NFSHAPER_CONTROL_REQUEST_MAX);
	expect_error(server, endless, "not understood");
	free(endless);
	int fd = dial(server);
	say(fd, "{\"version\": 1, \"command\": \"fail\"}");
	shutdown(fd, SHUT_WR);
	char *text = hear(server, fd);
	assert_non_null(strstr(text, "no luck"));
	free(text);
	fd = dial(server);
	shutdown(fd, SHUT_WR);
	text = hear(server, fd);
	assert_string_equal(text, "");
	free(text);
}

/* Piece by piece, while others are served. */
static void test_slow_request(void **state)
{
	struct server *server = *state;
	int fd = dial(server);
	const char *request = REQUEST("fail");
	for (const char *letter = request; *letter; letter++) {
		char piece[2] = {*letter};
		say(fd, piece);
		expect_error(server, REQUEST("fail"), "luck");
	}
	char *text = hear(server, fd);
	assert_non_null(strstr(text, "no luck"));
	free(text);
	assert_int_equal(server->handled, strlen(request) + 1);
}

static void *answer_kept(void *data)
{
	struct server *server = data;
	control_answer(server->kept, json_string("at last"));
	return NULL;
}

/* An answer that is made elsewhere and takes its time; others are served meanwhile. */
static void test_later(void **state)
{
	struct server *server = *state;
	pthread_t thread;
	int fd = dial(server);
	say(fd, REQUEST("keep"));
	while (!server->kept)
		ev_run(server->loop, EVRUN_ONCE);
	expect_error(server, REQUEST("fail"), "luck");
	assert_int_equal(recv(fd, &(char){0}, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(pthread_create(&thread, NULL, answer_kept, server), 0);
	char *text = hear(server, fd);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_non_null(strstr(text, "at last"));
	free(text);
}

/* A client that is gone when its answer comes costs nothing. */
static void test_gone_before_the_answer(void **state)
{
	struct server *server = *state;
	int fd = dial(server);
	say(fd, REQUEST("keep"));
	while (!server->kept)
		ev_run(server->loop, EVRUN_ONCE);
	close(fd);
	control_answer(server->kept, json_string("too late"));
	expect_error(server, REQUEST("fail"), "luck");
}

/* Clients that do not read their large answers: others are served, and what they hold is bounded.
 */
static void test_large_answers(void **state)
{
	struct server *server = *state;
	unsigned whole = 0, busy = 0;
	int fds[10];
	for (unsigned i = 0; i < 10; i++) {
		fds[i] = dial(server);
		say(fds[i], REQUEST("large"));
		expect_error(server, REQUEST("fail"), "luck");
	}
	for (unsigned i = 0; i < 10; i++) {
		char *text = hear(server, fds[i]);
		whole += strlen(text) > LARGE_BYTES;
		busy += strstr(text, "busy") != NULL;
		free(text);
	}
	assert_int_equal(whole, CONTROL_ANSWERS_MAX / LARGE_BYTES);
	assert_int_equal(whole + busy, 10);
	/* Once they are read, there is room again. */
	int fd = dial(server);
	say(fd, REQUEST("large"));
	char *text = hear(server, fd);
	assert_true(strlen(text) > LARGE_BYTES);
	free(text);
}

static bool is_closed(int fd)
{
	return recv(fd, &(char){0}, 1, 0) == 0;
}

/* More clients that say nothing than there is room for: the oldest goes, the next is served. */
static void test_many_silent(void **state)
{
	struct server *server = *state;
	int fds[CONTROL_CLIENTS_MAX + 1];
	int kept = dial(server);
	say(kept, REQUEST("keep"));
	while (!server->kept)
		ev_run(server->loop, EVRUN_ONCE);
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		fds[i] = dial(server);
		ev_run(server->loop, EVRUN_ONCE);
	}
	/* With the one that waits for its answer there is one too many. */
	assert_true(is_closed(fds[0]));
	assert_false(is_closed(fds[1]));
	expect_error(server, REQUEST("fail"), "luck");
	assert_true(is_closed(fds[1]));
	assert_false(is_closed(fds[2]));
	control_answer(server->kept, json_string("still here"));
	char *text = hear(server, kept);
	assert_non_null(strstr(text, "still here"));
	free(text);
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
		close(fds[i]);
}

static void test_modes(void **state)
{
	struct server *server = *state;
	struct stat folder, file;
	char *path = xasprintf("%s/%s", server->run_dir, NFSHAPER_CONTROL_SOCKET);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 0777, 0660);
	assert_int_equal(stat(server->run_dir, &folder), 0);
	assert_int_equal(file.st_gid, folder.st_gid);
	free(path);
}

/* An answer that is ready when the server ends still gets out. */
static void test_answer_at_the_end(void **state)
{
	struct server *server = *state;
	int fd = dial(server);
	say(fd, REQUEST("keep"));
	while (!server->kept)
		ev_run(server->loop, EVRUN_ONCE);
	control_answer(server->kept, json_string("bye"));
	control_free(server->control);
	server->control = NULL;
	char *text = hear(server, fd);
	assert_non_null(strstr(text, "bye"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_requests, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ends_of_requests, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_slow_request, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gone_before_the_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_large_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many_silent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_modes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_answer_at_the_end, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
