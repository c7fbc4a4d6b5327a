/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/requests.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/reload.h"
#include "daemon/status.h"
#include "daemon/throttle_control.h"

/* Of those that are answered at once. */
static void give(struct control_request *request, json_t *result, char *error)
{
	if (result)
		control_answer(request, result);
	else
		control_fail(request, "%s", error ? error : "failed");
	free(error);
}

static void take_status(struct daemon *daemon, struct control_request *request)
{
	control_answer(request, status_json(daemon));
}

static void take_reload(struct daemon *daemon, struct control_request *request)
{
	control_answer(request, reload(daemon));
}

static void take_sessions(struct daemon *daemon, struct control_request *request)
{
	char *error = NULL;
	json_t *result = throttle_control_sessions(daemon, control_members(request), &error);
	give(request, result, error);
}

static void take_throttle_set(struct daemon *daemon, struct control_request *request)
{
	char *error = NULL;
	json_t *result = throttle_control_set(daemon, control_members(request), &error);
	give(request, result, error);
}

static void take_throttle_remove(struct daemon *daemon, struct control_request *request)
{
	char *error = NULL;
	json_t *result = throttle_control_remove(daemon, control_members(request), &error);
	give(request, result, error);
}

static const struct {
	const char *command;
	bool changes;
	void (*take)(struct daemon *daemon, struct control_request *request);
} requests[] = {
	{"status", false, take_status},
	{"sessions", false, take_sessions},
	{"reload", true, take_reload},
	{"throttle-set", true, take_throttle_set},
	{"throttle-remove", true, take_throttle_remove},
};

void requests_handle(struct control_request *request, void *data)
{
	const char *command = control_command(request);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (strcmp(requests[i].command, command) != 0)
			continue;
		if (requests[i].changes && !control_is_root(request))
			control_fail(request, "only root may change anything (`%s`)", command);
		else
			requests[i].take(data, request);
		return;
	}
	control_fail(request, "the daemon does not know the command `%s`", command);
}
