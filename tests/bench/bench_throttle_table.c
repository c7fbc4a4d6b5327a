/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a charge of a throttle costs: with 1,000 and 1,000,000 sessions of both addresses, used at
 * random, in turns within one run (medians); the memory of a million; and 1, 2 and 4 threads.
 * Processor time, so that other programs disturb less; of several threads, the time on the wall.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "throttle/throttle.h"

#define ROUNDS 9
#define CHARGES 400000u
#define FEW 1000u
#define MANY 1000000u
#define THREADS_MAX 4

struct job {
	struct throttle *throttle;
	uint32_t sessions;
	uint32_t charges;
	uint32_t seed;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void charge_session(struct throttle *throttle, struct facts *facts, struct packet *packet,
			   uint32_t session, uint64_t at_ns)
{
	memcpy(packet->src.bytes, &session, sizeof(session));
	throttle_charge(throttle, facts, 1, 100, at_ns);
}

static void *run(void *argument)
{
	struct job *job = argument;
	struct packet packet = {.proto = IPPROTO_UDP};
	struct facts facts = {.packet = &packet};
	packet.src.family = packet.dst.family = AF_INET;
	for (uint32_t i = 0; i < job->charges; i++)
		charge_session(job->throttle, &facts, &packet,
			       next_random(&job->seed) % job->sessions, i);
	return NULL;
}

static struct throttle *filled(uint32_t sessions)
{
	struct throttle_spec spec = {
		.kind = THROTTLE_WINDOW,
		.window = {50, 1000000000},
		.session = {SESSION_DEFAULT, 0},
		.max = THROTTLE_MAX_DEFAULT,
		.expire_ns = THROTTLE_EXPIRE_DEFAULT_NS,
	};
	struct packet packet = {.proto = IPPROTO_UDP};
	struct facts facts = {.packet = &packet};
	struct throttle *throttle;
	packet.src.family = packet.dst.family = AF_INET;
	if (throttle_new("bench", 1, &spec, &throttle) < 0)
		exit(1);
	for (uint32_t i = 0; i < sessions; i++)
		charge_session(throttle, &facts, &packet, i, 0);
	return throttle;
}

/* Nanoseconds for a charge on the given clock, over all threads together. */
static double measure(clockid_t clock, struct throttle *throttle, uint32_t sessions,
		      unsigned threads)
{
	static uint32_t seed = 1;
	pthread_t ids[THREADS_MAX];
	struct job jobs[THREADS_MAX];
	uint64_t start = clock_ns(clock);
	for (unsigned i = 0; i < threads; i++) {
		jobs[i] = (struct job){throttle, sessions, CHARGES / threads, seed++ * 2654435761u};
		if (pthread_create(&ids[i], NULL, run, &jobs[i]) != 0)
			exit(1);
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	return (double)(clock_ns(clock) - start) / CHARGES;
}

static int compare_doubles(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare_doubles);
	return values[ROUNDS / 2];
}

static void print_lookups(struct throttle *few, struct throttle *many)
{
	double a[ROUNDS], b[ROUNDS];
	for (int i = 0; i < ROUNDS; i++) {
		a[i] = measure(CLOCK_PROCESS_CPUTIME_ID, few, FEW, 1);
		b[i] = measure(CLOCK_PROCESS_CPUTIME_ID, many, MANY, 1);
	}
	double ns_few = median(a), ns_many = median(b);
	printf("established sessions   %7u: %6.1f ns a charge\n", FEW, ns_few);
	printf("                       %7u: %6.1f ns a charge, %.2f times as much\n", MANY, ns_many,
	       ns_many / ns_few);
}

static void print_threads(struct throttle *many)
{
	double ns[3][ROUNDS];
	for (int i = 0; i < ROUNDS; i++) {
		for (unsigned k = 0; k < 3; k++)
			ns[k][i] = measure(CLOCK_MONOTONIC, many, MANY, 1u << k);
	}
	double one = median(ns[0]);
	for (unsigned k = 0; k < 3; k++) {
		double all = median(ns[k]);
		printf("%u thread%s  %6.2f million charges a second, %.2f times one thread\n",
		       1u << k, k ? "s" : " ", 1000 / all, one / all);
	}
}

static void print_new_sessions(struct throttle *many)
{
	struct packet packet = {.proto = IPPROTO_UDP};
	struct facts facts = {.packet = &packet};
	packet.src.family = packet.dst.family = AF_INET;
	uint64_t start = clock_ns(CLOCK_PROCESS_CPUTIME_ID), longest = 0;
	for (uint32_t i = 0; i < MANY; i++) {
		uint64_t before = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
		charge_session(many, &facts, &packet, MANY + i, 0);
		uint64_t ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - before;
		longest = ns > longest ? ns : longest;
	}
	printf("new sessions, each evicting one: %.1f ns\n",
	       (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start) / MANY);
	printf("longest of them: %.1f us\n", (double)longest / 1000);
}

int main(void)
{
	uint64_t start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	struct throttle *many = filled(MANY);
	printf("a million new sessions: %.1f ns each\n",
	       (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start) / MANY);
	struct throttle *few = filled(FEW);
	struct throttle_figures figures;
	throttle_figures(many, &figures);
	printf("memory: %.1f bytes a session with %llu sessions, %.1f MB\n",
	       (double)figures.bytes / (double)figures.sessions,
	       (unsigned long long)figures.sessions, (double)figures.bytes / 1e6);
	print_lookups(few, many);
	print_threads(many);
	print_new_sessions(many);
	throttle_free(few);
	throttle_free(many);
	return 0;
}
