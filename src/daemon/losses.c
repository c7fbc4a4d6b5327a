/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/losses.h"

#include <stdlib.h>

#include "daemon/daemon.h"
#include "util/alloc.h"
#include "util/log.h"

#define PERIOD_S 10. /* at most one message in that time */

/* Adds `, N what` to the text, which is taken over and may be NULL. */
static char *add(char *text, uint64_t before, uint64_t now, const char *what)
{
	if (now <= before)
		return text;
	char *longer = xasprintf("%s%s%llu %s", text ? text : "", text ? ", " : "",
				 (unsigned long long)(now - before), what);
	free(text);
	return longer;
}

char *losses_text(const struct queue_sums *before, const struct queue_sums *now)
{
	char *text = add(NULL, before->queue_dropped, now->queue_dropped,
			 "packets met a full queue (`queue: {length: …}`)");
	text = add(text, before->socket_dropped, now->socket_dropped, "packets met a full socket");
	text = add(text, before->enobufs, now->enobufs, "overruns of the socket");
	text = add(text, before->verdict_errors, now->verdict_errors,
		   "answers came too late: somebody has flushed the queue");
	return add(text, before->malformed, now->malformed,
		   "packets could not be parsed (class default)");
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct daemon *daemon = timer->data;
	struct queue_sums now = queue_sums(daemon->workers, daemon->snapshot->plan->workers);
	char *text = losses_text(&daemon->losses.told, &now);
	const struct log_field fields[] = {{"NFSHAPER_EVENT", "losses"}};
	(void)loop;
	(void)events;
	if (text)
		log_event(LOG_IS_WARNING, fields, 1, "in the last %.0f s: %s", PERIOD_S, text);
	free(text);
	daemon->losses.told = now;
}

void losses_watch(struct daemon *daemon)
{
	daemon->losses.told = queue_sums(daemon->workers, daemon->snapshot->plan->workers);
	ev_timer_init(&daemon->losses.timer, on_timer, PERIOD_S, PERIOD_S);
	daemon->losses.timer.data = daemon;
	ev_timer_start(daemon->loop, &daemon->losses.timer);
}

void losses_stop(struct daemon *daemon)
{
	ev_timer_stop(daemon->loop, &daemon->losses.timer);
}
