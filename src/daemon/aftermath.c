/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/aftermath.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/reload.h"
#include "daemon/requests.h"
#include "util/alloc.h"
#include "util/log.h"

bool aftermath_is_on(const struct daemon *daemon)
{
	return daemon->remark.is_running;
}

void aftermath_wait(struct daemon *daemon, struct control_request *request)
{
	struct aftermath *after = &daemon->aftermath;
	if (!request) {
		after->has_signal = true;
		return;
	}
	after->waiting = array_grow(after->waiting, after->n_waiting, &after->waiting_capacity,
				    sizeof(struct control_request *));
	after->waiting[after->n_waiting++] = request;
}

/* The first that waits; NULL: nobody does. */
static struct control_request *take_waiting(struct aftermath *after)
{
	if (!after->n_waiting)
		return NULL;
	struct control_request *first = after->waiting[0];
	memmove(after->waiting, after->waiting + 1, --after->n_waiting * sizeof(first));
	return first;
}

/* Old ids and classes: nothing leads to them any more. */
static void let_go(struct daemon *daemon)
{
	const struct plan *plan = daemon->snapshot->plan;
	char *why = NULL;
	if (plan->ids.count > plan->n_own_ids &&
	    reload_derive(daemon, &daemon->snapshot->list, false, &why))
		log_warning("old ids stay in the table: %s", why);
	free(why);
	shaping_tidy(&daemon->shaping, daemon->loop);
}

static void report(const struct remark *remark)
{
	char *error = remark->error.code ? remark_error_text(remark) : NULL;
	if (error)
		log_error("living connections could not all be judged again, %s; the others keep "
			  "what they had",
			  error);
	else
		log_info("living connections judged again: %llu, of which %llu have another "
			 "decision, and %llu are left to their next packet",
			 (unsigned long long)remark->seen, (unsigned long long)remark->changed,
			 (unsigned long long)remark->undecided);
	free(error);
}

void aftermath_precede(struct daemon *daemon)
{
	const struct plan *plan = daemon->snapshot->plan;
	const struct state *earlier = &daemon->state;
	/* What the marks say is not known, or they are other bits now. */
	bool is_void = earlier->known.ids.count == 0 || plan->ids_forgotten ||
		       (earlier->mark_mask && earlier->mark_mask != plan->mark_mask);
	remark_run(&daemon->remark, daemon->snapshot, daemon->owners, is_void);
	report(&daemon->remark);
}

static void on_done(void *data)
{
	struct daemon *daemon = data;
	struct aftermath *after = &daemon->aftermath;
	struct control_request *request;
	report(&daemon->remark);
	if (after->again) {
		after->again = false;
		aftermath_begin(daemon);
		return;
	}
	reload_settle(daemon);
	if (aftermath_is_on(daemon))
		return;
	if (!daemon->remark.error.code)
		let_go(daemon);
	if (after->has_signal) {
		after->has_signal = false;
		reload(daemon, NULL, 0);
	}
	while (!aftermath_is_on(daemon) && (request = take_waiting(after)))
		requests_handle(request, daemon);
}

void aftermath_begin(struct daemon *daemon)
{
	remark_stop(&daemon->remark);
	remark_start(&daemon->remark, daemon->snapshot, daemon->owners, daemon->loop, on_done,
		     daemon);
}

void aftermath_stop(struct daemon *daemon)
{
	struct aftermath *after = &daemon->aftermath;
	struct control_request *request;
	remark_stop(&daemon->remark);
	reload_stop(daemon);
	while ((request = take_waiting(after)))
		control_fail(request, "the daemon stops");
	free(after->waiting);
	*after = (struct aftermath){0};
}
