/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/requests.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/reload.h"
#include "daemon/status.h"
#include "daemon/throttle_control.h"
#include "util/log.h"

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
	json_int_t seconds = 0;
	if (json_unpack(control_members(request), "{s?I}", "confirm", &seconds) || seconds < 0 ||
	    seconds > CONFIRM_MAX_S)
		control_fail(request, "`confirm` is a number of seconds, at most %u",
			     CONFIRM_MAX_S);
	else
		reload(daemon, request, (unsigned)seconds);
}

/* With "undo": true it goes back at once. */
static void take_confirm(struct daemon *daemon, struct control_request *request)
{
	bool undo = json_is_true(json_object_get(control_members(request), "undo"));
	int error = 0;
	if (!confirm_is_awaited(daemon)) {
		control_fail(request, "no configuration waits to be confirmed");
		return;
	}
	if (undo)
		confirm_refuse(daemon);
	else
		error = confirm_accept(daemon);
	if (error)
		control_fail(request, "the confirmation cannot be kept in %s: %s",
			     daemon->options->state_dir, strerror(-error));
	else
		control_answer(request, json_pack("{s:b}", "confirmed", !undo));
}

static void take_sessions(struct daemon *daemon, struct control_request *request)
{
	char *error = NULL;
	json_t *result = throttle_control_sessions(daemon, control_members(request), &error);
	give(request, result, error);
}

static void take_netstat(struct daemon *daemon, struct control_request *request)
{
	netstat_take(&daemon->netstat, daemon->snapshot, request);
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
	bool waits; /* until what an earlier change entails is over */
	void (*take)(struct daemon *daemon, struct control_request *request);
} requests[] = {
	{"status", false, false, take_status},
	{"netstat", false, false, take_netstat},
	{"sessions", false, false, take_sessions},
	{"reload", true, true, take_reload},
	{"confirm", true, false, take_confirm},
	{"throttle-set", true, true, take_throttle_set},
	{"throttle-remove", true, true, take_throttle_remove},
};

void requests_handle(struct control_request *request, void *data)
{
	const char *command = control_command(request);
	log_detail("user %u asks for `%s`", (unsigned)control_user(request), command);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (strcmp(requests[i].command, command) != 0)
			continue;
		if (requests[i].changes && !control_is_root(request))
			control_fail(request, "only root may change anything (`%s`)", command);
		else if (requests[i].waits && aftermath_is_on(data))
			aftermath_wait(data, request);
		else
			requests[i].take(data, request);
		return;
	}
	control_fail(request, "the daemon does not know the command `%s`", command);
}
