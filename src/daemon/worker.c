/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/worker.h"

#include <errno.h>
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
#include "daemon/waiting.h"
#include "kernel/link.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/hurry.h"
#include "util/log.h"

/* Batches between two looks at whether the worker is to stop. */
#define BATCHES_MAX 64
/* How long a stopping worker goes on answering a queue that does not get empty. */
#define DRAIN_ROUNDS 200
#define DRAIN_POLL_MS 10
/* How often worker_switch() looks whether the thread has let go. */
#define SWITCH_POLL_NS 100000

struct worker {
	struct nfqueue *queues[WORKER_QUEUES];
	uint16_t numbers[WORKER_QUEUES];
	struct link_names *names;
	struct judge *judge;
	struct owner_finder *finder; /* NULL: nothing has asked for owners so far */
	pthread_t thread;
	bool is_started;
	int wake_fd; /* eventfd: there is a new bench, the thread is to end, or to show it lives */
	_Atomic uint64_t turns;
	_Atomic bool is_stopping;
	_Atomic bool is_running;
	_Atomic(struct bench *) bench;  /* set by the main thread */
	_Atomic(struct bench *) in_use; /* set by the worker: it uses no other any more */
};

static int open_queue(struct worker *worker, const struct plan *plan, unsigned which,
		      char **ret_why)
{
	struct nfqueue_options options = {
		.number = worker->numbers[which],
		.length = plan->queue_length,
		.fail_open = plan->fail_open,
		.segments = which > 0,
	};
	worker->queues[which] = nfqueue_open(&options, ret_why);
	return worker->queues[which] ? 0 : -errno;
}

/* Its share of the packets that may wait. */
static unsigned room_of(const struct plan *plan)
{
	return plan->workers < WAITING_MAX ? WAITING_MAX / plan->workers : 1;
}

struct worker *worker_new(const struct snapshot *snapshot, struct owners *owners, unsigned index,
			  char **ret_why)
{
	const struct plan *plan = snapshot->plan;
	struct worker *worker = xcalloc(1, sizeof(*worker));
	int error = owners ? worker_use_owners(worker, owners) : 0;
	worker->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	worker->names = link_names_new();
	if (!error && (worker->wake_fd < 0 || !worker->names))
		error = -errno;
	if (error)
		*ret_why = xasprintf("a worker could not be set up: %s", strerror(-error));
	else
		worker->bench = worker->in_use = bench_new(snapshot, worker->finder, NULL);
	worker->judge = judge_new(worker->names, room_of(plan));
	for (unsigned i = 0; i < WORKER_QUEUES; i++)
		worker->numbers[i] = (uint16_t)(plan->queue_first + i * plan->workers + index);
	for (unsigned i = 0; !error && i < WORKER_QUEUES; i++)
		error = open_queue(worker, plan, i, ret_why);
	if (!error)
		return worker;
	worker_free(worker);
	errno = -error;
	return NULL;
}

void worker_free(struct worker *worker)
{
	if (!worker)
		return;
	for (unsigned i = 0; i < WORKER_QUEUES; i++)
		nfqueue_close(worker->queues[i]);
	judge_free(worker->judge);
	link_names_free(worker->names);
	if (worker->wake_fd >= 0)
		close(worker->wake_fd);
	bench_free(worker->bench, NULL);
	owner_finder_free(worker->finder);
	free(worker);
}

int worker_use_owners(struct worker *worker, struct owners *owners)
{
	if (!worker->finder)
		worker->finder = owner_finder_new(owners);
	return worker->finder ? 0 : -errno;
}

/* What the main thread has set; ways through other rules are forgotten. */
static struct bench *take_bench(struct worker *worker)
{
	struct bench *bench = atomic_load(&worker->bench), *before = atomic_load(&worker->in_use);
	if (bench == before)
		return bench;
	if (bench->forgets || bench->snapshot->rulebook != before->snapshot->rulebook)
		judge_forget(worker->judge);
	atomic_store(&worker->in_use, bench);
	return bench;
}

/* Answers packets that have waited. 0, or a negative errno where a queue is lost. */
static int release(struct worker *worker)
{
	const struct nfqueue_packet *packets;
	unsigned count =
		judge_release(worker->judge, take_bench(worker), clock_monotonic_ns(), &packets);
	int error = 0;
	for (unsigned i = 0; i < WORKER_QUEUES && count && !error; i++)
		error = nfqueue_answer_waiting(worker->queues[i], packets, count);
	return error;
}

/*
 * Answers batch after batch of one queue until its socket is empty, or for long enough. Returns
 * how many packets it answered, or a negative errno where the queue is lost.
 */
static int serve_queue(struct worker *worker, struct nfqueue *queue)
{
	struct bench *bench = take_bench(worker);
	struct nfqueue_packet *packets;
	int received = 1, answered = 0;
	for (int batch = 0; batch < BATCHES_MAX && received > 0; batch++) {
		received = nfqueue_receive(queue, &packets);
		if (received > 0)
			judge_batch(worker->judge, bench, packets, (unsigned)received,
				    clock_monotonic_ns());
		int error = received > 0 ? nfqueue_answer(queue) : received;
		if (!error && received > 0 && judge_is_waited_for(worker->judge))
			error = release(worker);
		if (error < 0)
			return error;
		answered += received;
	}
	return answered;
}

static int serve(struct worker *worker)
{
	int answered = 0;
	for (unsigned i = 0; i < WORKER_QUEUES; i++) {
		int result = serve_queue(worker, worker->queues[i]);
		if (result < 0)
			return result;
		answered += result;
	}
	return answered;
}

/* Packets that wait in the kernel; what cannot be read counts as none. */
static uint64_t count_waiting(const struct worker *worker)
{
	uint64_t waiting = 0;
	for (unsigned i = 0; i < WORKER_QUEUES; i++) {
		struct nfqueue_kernel_figures figures;
		if (nfqueue_read_figures(worker->numbers[i], &figures) == 0)
			waiting += figures.waiting;
	}
	return waiting;
}

/* Nothing feeds the queues any more: answers what still waits in the kernel. */
static void drain(struct worker *worker)
{
	struct pollfd fds[WORKER_QUEUES];
	uint64_t waiting = 0;
	judge_stop_waiting(worker->judge);
	if (release(worker))
		return;
	for (unsigned i = 0; i < WORKER_QUEUES; i++)
		fds[i] = (struct pollfd){.fd = nfqueue_fd(worker->queues[i]), .events = POLLIN};
	for (int round = 0; round < DRAIN_ROUNDS; round++) {
		if (serve(worker) < 0)
			return;
		waiting = count_waiting(worker);
		if (waiting == 0)
			return;
		poll(fds, WORKER_QUEUES, DRAIN_POLL_MS);
	}
	log_warning("queue %u did not get empty: %llu packets are lost", worker->numbers[0],
		    (unsigned long long)waiting);
}

/* What a worker waits for. */
enum { NAMES, WAKES, FIRST_QUEUE, OWNERS = FIRST_QUEUE + WORKER_QUEUES, EVENTS };

/* Sleeps until there is something to do, or a packet is late. */
static int wait_for_events(struct worker *worker, struct pollfd *fds)
{
	const struct bench *bench = atomic_load(&worker->in_use);
	int patience_ms = -1;
	if (judge_is_waited_for(worker->judge))
		patience_ms = judge_patience_ms(worker->judge, bench, clock_monotonic_ns());
	/* The bench of a reload may be the first that has a finder. */
	fds[OWNERS].fd = bench->finder ? owner_finder_fd(bench->finder) : -1;
	return poll(fds, EVENTS, patience_ms) < 0 && errno != EINTR ? -errno : 0;
}

static void *run(void *data)
{
	struct worker *worker = data;
	struct pace pace = {0};
	struct pollfd fds[EVENTS] = {
		[NAMES] = {.fd = link_names_fd(worker->names), .events = POLLIN},
		[WAKES] = {.fd = worker->wake_fd, .events = POLLIN},
		[OWNERS] = {.fd = -1, .events = POLLIN},
	};
	for (unsigned i = 0; i < WORKER_QUEUES; i++)
		fds[FIRST_QUEUE + i] = (struct pollfd){nfqueue_fd(worker->queues[i]), POLLIN, 0};
	uint64_t wakes;
	pthread_setname_np(pthread_self(), "nfshaper-worker");
	if (!hurry())
		log_detail("queue %u: no real-time scheduling; under a flood packets may be lost",
			   worker->numbers[0]);
	while (!atomic_load(&worker->is_stopping)) {
		if (wait_for_events(worker, fds))
			break;
		if (fds[NAMES].revents)
			link_names_update(worker->names);
		if (fds[WAKES].revents && read(worker->wake_fd, &wakes, sizeof(wakes)) < 0)
			log_detail("queue %u: woken for nothing", worker->numbers[0]);
		int answered = 0;
		if (fds[OWNERS].revents || judge_is_waited_for(worker->judge))
			answered = release(worker);
		if (!answered)
			answered = serve(worker);
		if (answered < 0) {
			log_error("queue %u: %s; the daemon ends", worker->numbers[0],
				  strerror(-answered));
			kill(getpid(), SIGTERM);
			break;
		}
		atomic_fetch_add_explicit(&worker->turns, 1, memory_order_relaxed);
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

struct decision_ring *worker_decisions(const struct worker *worker)
{
	return judge_decisions(worker->judge);
}

void worker_wake(struct worker *worker)
{
	uint64_t one = 1;
	if (write(worker->wake_fd, &one, sizeof(one)) != sizeof(one))
		log_warning("queue %u: %s", worker->numbers[0], strerror(errno));
}

uint64_t worker_turns(const struct worker *worker)
{
	return atomic_load_explicit(&worker->turns, memory_order_relaxed);
}

static void switch_to(struct worker *worker, struct bench *bench)
{
	const struct timespec rest = {.tv_nsec = SWITCH_POLL_NS};
	struct bench *before = atomic_load(&worker->bench);
	atomic_store(&worker->bench, bench);
	worker_wake(worker);
	while (atomic_load(&worker->is_running) && atomic_load(&worker->in_use) != bench)
		nanosleep(&rest, NULL);
	bench_free(before, bench);
}

void worker_switch(struct worker *worker, const struct snapshot *snapshot)
{
	switch_to(worker, bench_new(snapshot, worker->finder, atomic_load(&worker->bench)));
}

void worker_forget(struct worker *worker)
{
	struct bench *now = atomic_load(&worker->bench);
	struct bench *bench = bench_new(now->snapshot, worker->finder, now);
	bench->forgets = true;
	switch_to(worker, bench);
}

void worker_stop(struct worker *worker)
{
	if (!worker->is_started)
		return;
	atomic_store(&worker->is_stopping, true);
	worker_wake(worker);
	pthread_join(worker->thread, NULL);
	worker->is_started = false;
}

uint16_t worker_queue_number(const struct worker *worker, unsigned which)
{
	return worker->numbers[which];
}

int worker_buffer_size(const struct worker *worker)
{
	return nfqueue_buffer_size(worker->queues[0]);
}

const struct nfqueue_counters *worker_queue_counters(const struct worker *worker, unsigned which)
{
	return nfqueue_counters(worker->queues[which]);
}

const struct judge_counters *worker_counters(const struct worker *worker)
{
	return judge_counters(worker->judge);
}

struct worker_rule_figures worker_rule_figures(const struct worker *worker, size_t rule)
{
	const struct rule_figures *figures = &atomic_load(&worker->bench)->figures[rule];
	return (struct worker_rule_figures){
		.hits = atomic_load_explicit(&figures->hits, memory_order_relaxed),
		.over = atomic_load_explicit(&figures->over, memory_order_relaxed),
	};
}
