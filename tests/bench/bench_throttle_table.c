/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a charge of a throttle costs: with 1,000 and 1,000,000 sessions of both addresses, in random
 * order, one by one and in batches of 64 as the packet path takes them; of new sessions that each
 * evict one; the memory of a million; and 1, 2 and 4 threads. All that is compared is measured in
 * turns within one run (medians). Processor time, so that other programs disturb less; of several
 * threads, the time on the wall.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "throttle/throttle.h"

#define ROUNDS 9
#define CHARGES 400000u
#define NEW_SESSIONS 100000u
#define BATCH 64u
#define FEW 1000u
#define MANY 1000000u
#define THREADS_MAX 4

enum way { ONE_BY_ONE, IN_BATCHES, WAYS };
static const char *const way_names[WAYS] = {"one by one", "in batches"};

struct job {
	struct throttle *throttle;
	enum way way;
	uint32_t sessions; /* at random of that many; 0: all new */
	uint32_t charges;
	uint32_t seed;       /* 0: of new ones, the first number */
	uint64_t longest_ns; /* of all batches; measured where all are new */
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

/* One packet of each of the sessions. */
static void charge_batch(struct throttle *throttle, enum way way, const uint32_t sessions[BATCH])
{
	struct packet packet = {.proto = IPPROTO_UDP};
	struct facts facts = {.packet = &packet};
	struct throttle_ticket tickets[BATCH];
	packet.src.family = packet.dst.family = AF_INET;
	for (unsigned i = 0; i < BATCH; i++) {
		memcpy(packet.src.bytes, &sessions[i], sizeof(sessions[i]));
		if (way == ONE_BY_ONE)
			throttle_charge(throttle, &facts, 1, 100, 0);
		else
			throttle_ticket_make(throttle, &facts, &tickets[i]);
	}
	if (way == ONE_BY_ONE)
		return;
	throttle_tickets_fetch(tickets, BATCH);
	for (unsigned i = 0; i < BATCH; i++)
		throttle_ticket_charge(&tickets[i], 1, 100, 0);
}

static void *run(void *argument)
{
	struct job *job = argument;
	uint32_t sessions[BATCH];
	for (uint32_t done = 0; done < job->charges; done += BATCH) {
		for (unsigned i = 0; i < BATCH; i++)
			sessions[i] = job->sessions ? next_random(&job->seed) % job->sessions
						    : job->seed++;
		uint64_t start = job->sessions ? 0 : clock_ns(CLOCK_THREAD_CPUTIME_ID);
		charge_batch(job->throttle, job->way, sessions);
		uint64_t ns = job->sessions ? 0 : clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
		job->longest_ns = ns > job->longest_ns ? ns : job->longest_ns;
	}
	return NULL;
}

/* Nanoseconds for a charge. */
static double measure(struct job *job)
{
	uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	run(job);
	return (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - start) / job->charges;
}

static uint32_t new_seed(void)
{
	static uint32_t seed = 1;
	return seed++ * 2654435761u;
}

/* The same over several threads together, on the wall. */
static double measure_threads(struct throttle *throttle, unsigned threads)
{
	pthread_t ids[THREADS_MAX];
	struct job jobs[THREADS_MAX];
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	for (unsigned i = 0; i < threads; i++) {
		jobs[i] =
			(struct job){throttle, IN_BATCHES, MANY, CHARGES / threads, new_seed(), 0};
		if (pthread_create(&ids[i], NULL, run, &jobs[i]) != 0)
			exit(1);
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	return (double)(clock_ns(CLOCK_MONOTONIC) - start) / CHARGES;
}

static struct throttle *filled(enum way way, uint32_t sessions, double *ret_ns)
{
	struct throttle_spec spec = {
		.kind = THROTTLE_WINDOW,
		.window = {50, 1000000000},
		.session = {SESSION_DEFAULT, 0},
		.max = THROTTLE_MAX_DEFAULT,
		.expire_ns = THROTTLE_EXPIRE_DEFAULT_NS,
	};
	struct job job = {.way = way, .charges = sessions};
	if (throttle_new("bench", 1, &spec, &job.throttle) < 0)
		exit(1);
	*ret_ns = measure(&job);
	return job.throttle;
}

/* Of the whole process. */
static double resident_mb(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	if (!file || fscanf(file, "%*u %lu", &pages) != 1)
		exit(1);
	fclose(file);
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
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

static void print_established(struct throttle *few, struct throttle *many)
{
	double ns[WAYS][2][ROUNDS], result[WAYS][2];
	for (int i = 0; i < ROUNDS; i++) {
		for (enum way way = 0; way < WAYS; way++) {
			struct job a = {few, way, FEW, CHARGES, new_seed(), 0};
			struct job b = {many, way, MANY, CHARGES, new_seed(), 0};
			ns[way][0][i] = measure(&a);
			ns[way][1][i] = measure(&b);
		}
	}
	for (enum way way = 0; way < WAYS; way++) {
		for (int i = 0; i < 2; i++)
			result[way][i] = median(ns[way][i]);
		printf("established, %s: %6.1f ns of %u, %6.1f ns of %u: %.2f times as much\n",
		       way_names[way], result[way][0], FEW, result[way][1], MANY,
		       result[way][1] / result[way][0]);
	}
	printf("of %u, one by one costs %.2f times as much as in batches\n", MANY,
	       result[ONE_BY_ONE][1] / result[IN_BATCHES][1]);
}

static void print_threads(struct throttle *many)
{
	double ns[3][ROUNDS];
	for (int i = 0; i < ROUNDS; i++) {
		for (unsigned k = 0; k < 3; k++)
			ns[k][i] = measure_threads(many, 1u << k);
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
	double ns[WAYS][ROUNDS];
	uint32_t number = 2 * MANY;
	uint64_t longest_ns = 0;
	for (int i = 0; i < ROUNDS; i++) {
		for (enum way way = 0; way < WAYS; way++) {
			struct job job = {many, way, 0, NEW_SESSIONS, number, 0};
			ns[way][i] = measure(&job);
			number = job.seed;
			longest_ns = job.longest_ns > longest_ns ? job.longest_ns : longest_ns;
		}
	}
	double single = median(ns[ONE_BY_ONE]), batched = median(ns[IN_BATCHES]);
	printf("new, each evicting one, one by one: %6.1f ns, in batches: %6.1f ns: %.2f times\n",
	       single, batched, single / batched);
	printf("the longest %u of them: %.1f us\n", BATCH, (double)longest_ns / 1000);
}

int main(void)
{
	double ns[WAYS], ignored;
	struct throttle_figures figures;
	throttle_free(filled(ONE_BY_ONE, MANY, &ns[ONE_BY_ONE]));
	double before_mb = resident_mb();
	struct throttle *many = filled(IN_BATCHES, MANY, &ns[IN_BATCHES]);
	double many_mb = resident_mb() - before_mb;
	struct throttle *few = filled(IN_BATCHES, FEW, &ignored);
	printf("a million new sessions, one by one: %6.1f ns each, in batches: %6.1f ns\n",
	       ns[ONE_BY_ONE], ns[IN_BATCHES]);
	throttle_figures(many, &figures);
	printf("memory: %.1f bytes a session with %llu sessions, %.1f MB, %.1f MB resident\n",
	       (double)figures.bytes / (double)figures.sessions,
	       (unsigned long long)figures.sessions, (double)figures.bytes / 1e6, many_mb);
	print_established(few, many);
	print_new_sessions(many);
	/* They have evicted what is looked for now. */
	throttle_free(many);
	many = filled(IN_BATCHES, MANY, &ignored);
	print_threads(many);
	throttle_free(few);
	throttle_free(many);
	return 0;
}
