/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/decision_log.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/decision_ring.h"
#include "daemon/worker.h"
#include "net/proto.h"
#include "util/alloc.h"
#include "util/log.h"

#define PERIOD_S 0.1
#define LINES_MAX 500 /* of each worker, each time */

/* `class web`, `reject`, … */
static char *verdict_text(const struct decision_entry *entry)
{
	const struct decision *decision = &entry->decision;
	const struct outcome *outcome;
	switch (decision->kind) {
	case DECISION_STORE:
		outcome = ids_by_id(&entry->snapshot->plan->ids, decision->id);
		if (!outcome)
			return xasprintf("id %u", decision->id);
		return xasprintf("%s%s", outcome_has_class(outcome) ? "class " : "", outcome->name);
	case DECISION_PASS:
		return xstrdup("passes");
	case DECISION_DROP:
		return xstrdup("drop");
	case DECISION_REJECT:
		return xstrdup("reject");
	}
	abort();
}

static const char *rule_name(const struct decision_entry *entry)
{
	const struct config *config = entry->snapshot->config;
	if (entry->call) {
		const struct outcome *call = ids_by_id(&entry->snapshot->plan->ids, entry->call);
		return call ? call->name : NULL;
	}
	return entry->decision.rule >= 0 ? config->rules[entry->decision.rule].name : NULL;
}

static void end_text(const struct packet *packet, bool is_source, char *buffer)
{
	const struct addr *addr = is_source ? &packet->src : &packet->dst;
	if (packet->has_ports)
		addr_port_text(addr, is_source ? packet->sport : packet->dport, buffer);
	else
		addr_text(addr, buffer);
}

/* `, from lan0`; empty where there is none. */
static const char *interface_text(const char *word, uint32_t index, char *buffer, size_t size)
{
	char name[IF_NAMESIZE];
	buffer[0] = '\0';
	if (index && if_indextoname(index, name))
		snprintf(buffer, size, ", %s %s", word, name);
	return buffer;
}

char *decision_log_text(const struct decision_entry *entry)
{
	char proto[PROTO_TEXT_MAX], src[ADDR_PORT_TEXT_MAX], dst[ADDR_PORT_TEXT_MAX];
	char from[IF_NAMESIZE + 8], to[IF_NAMESIZE + 8];
	const char *rule = rule_name(entry);
	char *verdict = verdict_text(entry);
	end_text(&entry->packet, true, src);
	end_text(&entry->packet, false, dst);
	char *text = xasprintf(
		"%s %s -> %s, %s%s%s, %u bytes: %s%s%s%s%s", proto_text(entry->packet.proto, proto),
		src, dst, direction_text(entry->direction),
		interface_text("from", entry->iif, from, sizeof(from)),
		interface_text("to", entry->oif, to, sizeof(to)), entry->packet.length, verdict,
		rule ? entry->call ? ", called throttle `" : ", by `" : ", by no rule",
		rule ? rule : "", rule ? "`" : "",
		entry->decision.is_over ? ", over its limit" : "");
	free(verdict);
	return text;
}

static void show(const struct decision_entry *entry)
{
	char *text = decision_log_text(entry), *verdict = verdict_text(entry);
	char src[ADDR_TEXT_MAX], dst[ADDR_TEXT_MAX];
	const struct log_field fields[] = {
		{"NFSHAPER_EVENT", "decision"},
		{"NFSHAPER_SADDR", addr_text(&entry->packet.src, src)},
		{"NFSHAPER_DADDR", addr_text(&entry->packet.dst, dst)},
		{"NFSHAPER_VERDICT", verdict},
		{entry->call ? "NFSHAPER_THROTTLE" : "NFSHAPER_RULE", rule_name(entry)},
	};
	log_event(LOG_IS_DECISION, fields, sizeof(fields) / sizeof(fields[0]), "%s", text);
	free(verdict);
	free(text);
}

/* What is there now, which is at most what the ring holds. Returns how many were not shown. */
static unsigned drain(struct decision_ring *ring)
{
	const struct decision_entry *entry;
	unsigned count = 0;
	for (; count < DECISION_RING_SIZE && (entry = decision_ring_peek(ring)); count++) {
		if (count < LINES_MAX)
			show(entry);
		decision_ring_release(ring);
	}
	return count > LINES_MAX ? count - LINES_MAX : 0;
}

void decision_log_flush(struct decision_log *log)
{
	uint64_t lost = 0, missing = 0;
	for (unsigned i = 0; i < log->n_workers; i++) {
		struct decision_ring *ring = worker_decisions(log->workers[i]);
		missing += drain(ring);
		lost += decision_ring_lost(ring);
	}
	missing += lost - log->lost;
	log->lost = lost;
	if (missing)
		log_event(LOG_IS_DECISION, NULL, 0,
			  "%llu decisions are not shown: there were too many",
			  (unsigned long long)missing);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	decision_log_flush(timer->data);
}

void decision_log_watch(struct decision_log *log, struct worker *const *workers, unsigned n_workers,
			struct ev_loop *loop)
{
	*log = (struct decision_log){0};
	if (!log_shows(LOG_NOISY))
		return;
	log->workers = workers;
	log->n_workers = n_workers;
	ev_timer_init(&log->timer, on_timer, PERIOD_S, PERIOD_S);
	log->timer.data = log;
	ev_timer_start(loop, &log->timer);
}

void decision_log_stop(struct decision_log *log, struct ev_loop *loop)
{
	decision_log_flush(log);
	ev_timer_stop(loop, &log->timer);
	*log = (struct decision_log){0};
}
