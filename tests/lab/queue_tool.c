/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * queue_tool [-f FIRST] [-n THREADS] [-l LENGTH] [-d DECISION | -m MODULUS] [-o]
 *            [-N NICE | -R PRIORITY [-w]]
 *
 * Owns THREADS queues from FIRST on and answers every packet: with one DECISION (0: accept without
 * an id), or with 1 + (sum of its ports) % MODULUS. -o lets packets through when a queue is full.
 * -N sets the threads' nice value, -R makes them SCHED_RR, -w lets them rest while they are
 * busy (daemon/pace.h). Runs until SIGINT or SIGTERM, then drains the queues and prints
 * one line a queue and the sum; exit status 1 if packets were lost or could not be read.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/pace.h"
#include "kernel/nfqueue.h"
#include "net/packet.h"

#define MAX_THREADS 16

struct worker {
	pthread_t thread;
	uint16_t number;
	struct nfqueue *queue;
	uint64_t batches;
	uint64_t unreadable;
	int error;
};

static struct nfqueue_options options = {.number = 0, .length = 4096};
static unsigned threads = 1, modulus;
static uint32_t fixed;
static int nice_value, rr_priority;
static bool may_rest;
static int stop_fd;

static uint32_t decide(struct worker *worker, const struct nfqueue_packet *from)
{
	struct packet packet;
	if (packet_parse(from->data, from->captured, from->length, &packet)) {
		worker->unreadable++;
		return 0;
	}
	return modulus ? 1 + (packet.sport + packet.dport) % modulus : fixed;
}

/* Answers until nothing is there: 0, or a negative errno. */
static int drain(struct worker *worker)
{
	struct nfqueue_packet *packets;
	int count;
	while ((count = nfqueue_receive(worker->queue, &packets)) > 0) {
		for (int i = 0; i < count; i++)
			packets[i].answer = decide(worker, &packets[i]);
		int error = nfqueue_answer(worker->queue);
		if (error)
			return error;
		worker->batches++;
	}
	return count;
}

static void set_scheduling(void)
{
	struct sched_param param = {.sched_priority = rr_priority};
	/* The kernel knows threads only: `who` 0 is the calling one. */
	if (nice_value && setpriority(PRIO_PROCESS, 0, nice_value))
		perror("setpriority");
	if (rr_priority && sched_setscheduler(0, SCHED_RR, &param))
		perror("sched_setscheduler");
}

static void *run(void *data)
{
	struct worker *worker = data;
	uint64_t before = 0;
	struct pace pace = {0};
	struct pollfd fds[] = {{.fd = nfqueue_fd(worker->queue), .events = POLLIN},
			       {.fd = stop_fd, .events = POLLIN}};
	set_scheduling();
	while (!fds[1].revents && !worker->error) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			worker->error = -errno;
		if (!worker->error)
			worker->error = drain(worker);
		uint64_t received = nfqueue_counters(worker->queue)->received;
		if (may_rest)
			pace_rest(&pace, received - before);
		before = received;
	}
	return NULL;
}

static int print_worker(const struct worker *worker, uint64_t *received)
{
	const struct nfqueue_counters *counters = nfqueue_counters(worker->queue);
	struct nfqueue_kernel_figures figures = {0};
	int error = nfqueue_read_figures(worker->number, &figures);
	if (error)
		fprintf(stderr, "queue %u: no figures: %s\n", worker->number, strerror(-error));
	printf("queue %u received %" PRIu64 " verdicts %" PRIu64 " batches %" PRIu64
	       " enobufs %" PRIu64 " verdict_errors %" PRIu64 " unreadable %" PRIu64
	       " waiting %" PRIu64 " queue_dropped %" PRIu64 " user_dropped %" PRIu64 "\n",
	       worker->number, counters->received, counters->verdicts, worker->batches,
	       counters->enobufs, counters->verdict_errors, worker->unreadable, figures.waiting,
	       figures.queue_dropped, figures.user_dropped);
	*received += counters->received;
	return error || worker->error || figures.queue_dropped || figures.user_dropped ||
	       worker->unreadable || counters->enobufs;
}

static int run_all(struct worker *workers)
{
	sigset_t signals;
	uint64_t one = 1, received = 0;
	int signal_number, status = 0;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	for (unsigned i = 0; i < threads; i++)
		pthread_create(&workers[i].thread, NULL, run, &workers[i]);
	printf("ready, receive buffer %d\n", nfqueue_buffer_size(workers[0].queue));
	fflush(stdout);
	sigwait(&signals, &signal_number);
	if (write(stop_fd, &one, sizeof(one)) < 0)
		perror("eventfd");
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(workers[i].thread, NULL);
		status |= print_worker(&workers[i], &received);
	}
	printf("total received %" PRIu64 "\n", received);
	return status;
}

static int read_options(int argc, char **argv)
{
	int option;
	while ((option = getopt(argc, argv, "f:n:l:d:m:oN:R:w")) != -1) {
		switch (option) {
		case 'f':
			options.number = (uint16_t)atoi(optarg);
			break;
		case 'n':
			threads = (unsigned)atoi(optarg);
			break;
		case 'l':
			options.length = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'd':
			fixed = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'm':
			modulus = (unsigned)atoi(optarg);
			break;
		case 'o':
			options.fail_open = true;
			break;
		case 'N':
			nice_value = atoi(optarg);
			break;
		case 'R':
			rr_priority = atoi(optarg);
			break;
		case 'w':
			may_rest = true;
			break;
		default:
			return -EINVAL;
		}
	}
	return threads >= 1 && threads <= MAX_THREADS && optind == argc ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	static struct worker workers[MAX_THREADS];
	int status = 1;
	if (read_options(argc, argv)) {
		fprintf(stderr, "usage: queue_tool [-f first] [-n threads] [-l length] "
				"[-d decision | -m modulus] [-o] [-N nice | -R priority [-w]]\n");
		return 2;
	}
	stop_fd = eventfd(0, EFD_CLOEXEC);
	for (unsigned i = 0; i < threads; i++) {
		struct nfqueue_options each = options;
		char *why = NULL;
		each.number = workers[i].number = (uint16_t)(options.number + i);
		workers[i].queue = nfqueue_open(&each, &why);
		if (!workers[i].queue) {
			fprintf(stderr, "queue_tool: %s\n", why);
			free(why);
			goto close_queues;
		}
	}
	status = run_all(workers);
close_queues:
	for (unsigned i = 0; i < threads; i++)
		nfqueue_close(workers[i].queue);
	return status;
}
