/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/throttle_control.h"

#include <stdlib.h>
#include <string.h>

#include "config/throttle_limit.h"
#include "daemon/daemon.h"
#include "daemon/reload.h"
#include "daemon/throttle_json.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/log.h"

/* Slots that one answer looks at: some milliseconds, and an answer of at most about 1 MB. */
#define SESSION_STEPS 4096

struct listing {
	const struct throttle_item *item;
	json_t *sessions;
};

static void add_session(const struct throttle_session *session, void *context)
{
	struct listing *listing = context;
	json_array_append_new(listing->sessions, throttle_session_json(listing->item, session));
}

/* The position of the throttle with that serial; false where there is none. */
static bool find_serial(const struct throttle_list *list, json_int_t serial, size_t *ret_position)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].serial == serial) {
			*ret_position = i;
			return true;
		}
	}
	return false;
}

json_t *throttle_control_sessions(struct daemon *daemon, json_t *request, char **ret_error)
{
	const struct snapshot *snapshot = daemon->snapshot;
	json_int_t serial = 0, from = 0;
	size_t position;
	if (json_unpack(request, "{s:I, s?I}", "serial", &serial, "cursor", &from) || from < 0 ||
	    from > UINT32_MAX) {
		*ret_error = xstrdup("the request is not understood");
		return NULL;
	}
	if (!find_serial(&snapshot->list, serial, &position)) {
		*ret_error = xasprintf("there is no throttle with the serial number %lld",
				       (long long)serial);
		return NULL;
	}
	struct listing listing = {&snapshot->list.items[position], json_array()};
	uint32_t cursor = (uint32_t)from;
	bool more = throttle_export(snapshot->throttles[position], &cursor, SESSION_STEPS,
				    clock_monotonic_ns(), add_session, &listing);
	return json_pack("{s:o, s:o}", "sessions", listing.sessions, "cursor",
			 more ? json_integer(cursor) : json_null());
}

/* A tag for one that was given none, as the manual of ipfwthrottle has it. */
static char *make_tag(const struct throttle_list *list)
{
	uint32_t number = list->last_serial + 1;
	char *tag = xasprintf("throttle-%u", number);
	while (throttle_list_find_call(list, tag)) {
		free(tag);
		tag = xasprintf("throttle-%u", ++number);
	}
	return tag;
}

/* What speaks against the tag, or NULL. */
static char *check_tag(const struct throttle_list *list, const char *tag)
{
	const struct throttle_item *other = throttle_list_find_call(list, tag);
	char *problem = throttle_tag_problem(tag);
	if (problem || !other || strcmp(other->tag, tag) == 0)
		return problem;
	char *name = throttle_call_name(tag);
	problem = xasprintf("`%s` would have the same name in nft as throttle `%s`: %s", tag,
			    other->tag, name);
	free(name);
	return problem;
}

/* The item of that tag, changed or added as the request says; NULL where that is wrong. */
static struct throttle_item *change_item(struct throttle_list *list, const char *tag,
					 json_t *request)
{
	struct throttle_item *there = throttle_list_find(list, tag);
	struct throttle_item made = {
		.tag = (char *)tag, .by_command = true, .spec = throttle_spec_default()};
	if (throttle_spec_from_json(request, there ? &there->spec : &made.spec))
		return NULL;
	return there ? there : throttle_list_add(list, &made);
}

json_t *throttle_control_set(struct daemon *daemon, json_t *request, char **ret_error)
{
	struct throttle_list list = {0};
	const char *given = json_string_value(json_object_get(request, "tag"));
	json_t *answer = NULL;
	throttle_list_copy(&list, &daemon->snapshot->list);
	char *tag = given ? xstrdup(given) : make_tag(&list);
	bool is_new = !throttle_list_find(&list, tag);
	*ret_error = check_tag(&list, tag);
	struct throttle_item *item = *ret_error ? NULL : change_item(&list, tag, request);
	if (!*ret_error && !item)
		*ret_error = xasprintf("`%s`: a limit, max or expiry is out of its range (sessions "
				       "must be remembered at least as long as the window lasts)",
				       tag);
	if (item && reload_derive(daemon, &list, true, ret_error) == 0) {
		answer = json_pack("{s:s, s:I, s:b}", "tag", tag, "serial",
				   (json_int_t)item->serial, "made", is_new);
		log_info("throttle `%s` %s by command", tag, is_new ? "made" : "changed");
	}
	free(tag);
	throttle_list_fini(&list);
	return answer;
}

json_t *throttle_control_remove(struct daemon *daemon, json_t *request, char **ret_error)
{
	const struct throttle_list *now = &daemon->snapshot->list;
	const char *tag = json_string_value(json_object_get(request, "tag"));
	const struct throttle_item *item = tag ? throttle_list_find(now, tag) : NULL;
	struct throttle_list list = {0};
	json_t *answer = NULL;
	if (!item) {
		*ret_error = xasprintf("there is no throttle `%s`", tag ? tag : "");
		return NULL;
	}
	if (!item->by_command) {
		*ret_error = xasprintf("throttle `%s` is in %s: remove it there, and reload", tag,
				       daemon->options->config_path);
		return NULL;
	}
	json_int_t serial = item->serial;
	throttle_list_copy(&list, now);
	throttle_list_remove(&list, (size_t)(item - now->items));
	if (reload_derive(daemon, &list, true, ret_error) == 0) {
		answer = json_pack("{s:s, s:I}", "tag", tag, "serial", serial);
		log_info("throttle `%s` removed by command", tag);
	}
	throttle_list_fini(&list);
	return answer;
}
