/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/worker.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/pace.h"
#include "daemon/recent.h"
#include "engine/decide.h"
#include "kernel/link.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/log.h"

/* Batches between two looks at whether the worker is to stop. */
#define BATCHES_MAX 64
/* How long a stopping worker goes on answering a queue that does not get empty. */
#define DRAIN_ROUNDS 200
#define DRAIN_POLL_MS 10
/* How often worker_switch() looks whether the thread has let go. */
#define SWITCH_POLL_NS 100000

/* What a worker judges by, and its counts. */
struct bench {
	const struct snapshot *snapshot;
	_Atomic uint64_t rule_hits[]; /* one for each rule */
};

struct worker {
	struct nfqueue *queue;
	struct link_names *names;
	uint16_t number;
	pthread_t thread;
	bool is_started;
	int wake_fd; /* eventfd: there is a new bench, or the thread is to end */
	_Atomic bool is_stopping;
	_Atomic bool is_running;
	_Atomic(struct bench *) bench;  /* set by the main thread */
	_Atomic(struct bench *) in_use; /* set by the worker: it uses no other any more */
	struct worker_counters counters;
	/* For the facts of a packet; the thread's own. */
	uint64_t now_ns; /* CLOCK_MONOTONIC, once for each batch */
	struct clock clock;
	struct local_time local;
	struct geo_cache *geo_cache;
	struct recent *recent;
};

static struct bench *bench_new(const struct snapshot *snapshot)
{
	size_t rules = ruleset_count(snapshot->ruleset);
	struct bench *bench = xcalloc(1, sizeof(*bench) + rules * sizeof(bench->rule_hits[0]));
	bench->snapshot = snapshot;
	return bench;
}

struct worker *worker_new(const struct snapshot *snapshot, uint16_t number, char **ret_why)
{
	struct nfqueue_options options = {
		.number = number,
		.length = snapshot->plan->queue_length,
		.fail_open = snapshot->plan->fail_open,
	};
	struct worker *worker = xcalloc(1, sizeof(*worker));
	worker->number = number;
	worker->bench = worker->in_use = bench_new(snapshot);
	worker->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	worker->names = link_names_new();
	worker->geo_cache = geo_cache_new();
	worker->recent = recent_new();
	if (worker->wake_fd < 0 || !worker->names) {
		*ret_why = xasprintf("a worker could not be set up: %s", strerror(errno));
		goto fail;
	}
	worker->queue = nfqueue_open(&options, ret_why);
	if (!worker->queue)
		goto fail;
	return worker;
fail:;
	int error = errno;
	worker_free(worker);
	errno = error;
	return NULL;
}

void worker_free(struct worker *worker)
{
	if (!worker)
		return;
	nfqueue_close(worker->queue);
	link_names_free(worker->names);
	geo_cache_free(worker->geo_cache);
	recent_free(worker->recent);
	if (worker->wake_fd >= 0)
		close(worker->wake_fd);
	free(worker->bench);
	free(worker);
}

static enum direction direction_of_hook(uint8_t hook)
{
	return hook == NF_INET_LOCAL_IN    ? DIRECTION_IN
	       : hook == NF_INET_LOCAL_OUT ? DIRECTION_OUT
					   : DIRECTION_FORWARD;
}

/* Only the thread of the worker writes these: a plain addition, made visible to readers. */
static void count(_Atomic uint64_t *counter)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

static uint32_t judge(struct worker *worker, struct bench *bench,
		      const struct nfqueue_packet *queued)
{
	const struct snapshot *snapshot = bench->snapshot;
	struct packet packet;
	if (queued->is_bridged) {
		count(&worker->counters.bridged);
		return snapshot->default_id;
	}
	if (packet_parse(queued->data, queued->captured, queued->length, &packet)) {
		count(&worker->counters.malformed);
		return snapshot->default_id;
	}
	uint32_t before;
	if (recent_find(worker->recent, &packet, worker->now_ns, &before))
		return before;
	struct packet_origin origin = {
		.direction = direction_of_hook(queued->hook),
		.iif = queued->iif ? link_names_get(worker->names, queued->iif) : NULL,
		.oif = queued->oif ? link_names_get(worker->names, queued->oif) : NULL,
	};
	struct facts facts = decide_facts(snapshot, &packet, &origin);
	facts.mark = queued->mark;
	facts.now = worker->local;
	facts.geo_cache = worker->geo_cache;
	struct decision decision = decide(snapshot, &facts);
	if (decision.rule >= 0)
		count(&bench->rule_hits[decision.rule]);
	recent_add(worker->recent, &packet, worker->now_ns, decision.id);
	return decision.id;
}

static void look_at_clocks(struct worker *worker)
{
	worker->now_ns = clock_monotonic_ns();
	worker->local = *clock_local(&worker->clock, time(NULL));
}

/* What the main thread has set; decisions of another snapshot are forgotten. */
static struct bench *take_bench(struct worker *worker)
{
	struct bench *bench = atomic_load(&worker->bench);
	if (bench != atomic_load(&worker->in_use)) {
		recent_clear(worker->recent);
		atomic_store(&worker->in_use, bench);
	}
	return bench;
}

/*
 * Answers batch after batch until the socket is empty, or for long enough. Returns how many
 * packets it answered, or a negative errno where the queue is lost.
 */
static int serve(struct worker *worker)
{
	struct bench *bench = take_bench(worker);
	struct nfqueue_packet *packets;
	int received = 1, answered = 0;
	for (int batch = 0; batch < BATCHES_MAX && received > 0; batch++) {
		received = nfqueue_receive(worker->queue, &packets);
		if (received > 0)
			look_at_clocks(worker);
		for (int i = 0; i < received; i++)
			packets[i].decision = judge(worker, bench, &packets[i]);
		int error = received > 0 ? nfqueue_answer(worker->queue) : received;
		if (error < 0)
			return error;
		answered += received;
	}
	return answered;
}

/* Nothing feeds the queue any more: answers what still waits in the kernel. */
static void drain(struct worker *worker)
{
	struct nfqueue_kernel_figures figures = {.waiting = 1};
	struct pollfd fd = {.fd = nfqueue_fd(worker->queue), .events = POLLIN};
	for (int round = 0; round < DRAIN_ROUNDS; round++) {
		if (serve(worker) < 0 || nfqueue_read_figures(worker->number, &figures) ||
		    figures.waiting == 0)
			return;
		poll(&fd, 1, DRAIN_POLL_MS);
	}
	log_warning("queue %u did not get empty: %llu packets are lost", worker->number,
		    (unsigned long long)figures.waiting);
}

static void *run(void *data)
{
	struct worker *worker = data;
	struct pace pace = {0};
	struct pollfd fds[] = {
		{.fd = nfqueue_fd(worker->queue), .events = POLLIN},
		{.fd = link_names_fd(worker->names), .events = POLLIN},
		{.fd = worker->wake_fd, .events = POLLIN},
	};
	uint64_t wakes;
	if (!pace_hurry())
		log_detail("queue %u: no real-time scheduling; under a flood packets may be lost",
			   worker->number);
	while (!atomic_load(&worker->is_stopping)) {
		if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents)
			link_names_update(worker->names);
		if (fds[2].revents && read(worker->wake_fd, &wakes, sizeof(wakes)) < 0)
			log_detail("queue %u: woken for nothing", worker->number);
		int answered = serve(worker);
		if (answered < 0) {
			log_error("queue %u: %s; the daemon ends", worker->number,
				  strerror(-answered));
			kill(getpid(), SIGTERM);
			break;
		}
		pace_rest(&pace, (uint64_t)answered);
	}
	drain(worker);
	atomic_store(&worker->is_running, false);
	return NULL;
}

int worker_start(struct worker *worker)
{
	/* Signals are the main thread's. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	atomic_store(&worker->is_running, true);
	int error = pthread_create(&worker->thread, NULL, run, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	worker->is_started = error == 0;
	return -error;
}

static void wake(struct worker *worker)
{
	uint64_t one = 1;
	if (write(worker->wake_fd, &one, sizeof(one)) != sizeof(one))
		log_warning("queue %u: %s", worker->number, strerror(errno));
}

void worker_switch(struct worker *worker, const struct snapshot *snapshot)
{
	const struct timespec rest = {.tv_nsec = SWITCH_POLL_NS};
	struct bench *before = atomic_load(&worker->bench), *bench = bench_new(snapshot);
	atomic_store(&worker->bench, bench);
	wake(worker);
	while (atomic_load(&worker->is_running) && atomic_load(&worker->in_use) != bench)
		nanosleep(&rest, NULL);
	free(before);
}

void worker_stop(struct worker *worker)
{
	if (!worker->is_started)
		return;
	atomic_store(&worker->is_stopping, true);
	wake(worker);
	pthread_join(worker->thread, NULL);
	worker->is_started = false;
}

uint16_t worker_queue_number(const struct worker *worker)
{
	return worker->number;
}

int worker_buffer_size(const struct worker *worker)
{
	return nfqueue_buffer_size(worker->queue);
}

const struct nfqueue_counters *worker_queue_counters(const struct worker *worker)
{
	return nfqueue_counters(worker->queue);
}

const struct worker_counters *worker_counters(const struct worker *worker)
{
	return &worker->counters;
}

uint64_t worker_rule_hits(const struct worker *worker, size_t rule)
{
	const struct bench *bench = atomic_load(&worker->bench);
	return atomic_load_explicit(&bench->rule_hits[rule], memory_order_relaxed);
}
