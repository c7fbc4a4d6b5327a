/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What it costs to make sessions last: a million of them written and loaded, 300,000 changes
 * appended, and how long packets wait while the writer walks over their table; beside that, how
 * long they do where it walks over another one and only takes processor time.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/session_file.h"
#include "util/alloc.h"
#include "util/clock.h"

#define SESSIONS 1000000u
#define CHANGES 300000u
#define ROUNDS 5

static char directory[] = "/var/tmp/nfshaper-bench-XXXXXX";

static void charge(struct throttle *throttle, uint32_t session, uint64_t now_ns)
{
	struct packet packet = {.proto = IPPROTO_UDP};
	struct facts facts = {.packet = &packet};
	packet.src.family = packet.dst.family = AF_INET;
	memcpy(packet.src.bytes, &session, sizeof(session));
	throttle_charge(throttle, &facts, 1, 100, now_ns);
}

static struct throttle *made(void)
{
	struct throttle_spec spec = {
		.kind = THROTTLE_WINDOW,
		.window = {50, 1000000000},
		.session = {SESSION_DEFAULT, 0},
		.max = THROTTLE_MAX_DEFAULT,
		.expire_ns = THROTTLE_EXPIRE_DEFAULT_NS,
	};
	struct throttle *throttle;
	if (throttle_new("bench", 1, &spec, &throttle) < 0)
		exit(1);
	return throttle;
}

static void print_report(void *context, bool is_error, const char *message)
{
	(void)context;
	printf("%s: %s\n", is_error ? "error" : "note", message);
}

static double file_mb(void)
{
	char *path = xasprintf("%s/sessions", directory);
	struct stat status = {0};
	stat(path, &status);
	free(path);
	return (double)status.st_size / 1e6;
}

static void timed_round(struct session_writer *writer, const char *what)
{
	uint64_t start = clock_monotonic_ns();
	bool goes_on = session_writer_round(writer);
	printf("%s: %.0f ms, file of %.1f MB\n", what, (double)(clock_monotonic_ns() - start) / 1e6,
	       file_mb());
	while (goes_on) {
		usleep(1000);
		goes_on = session_writer_round(writer);
	}
	printf("  on the disk after %.0f ms\n", (double)(clock_monotonic_ns() - start) / 1e6);
}

struct charger {
	struct throttle *throttle;
	atomic_bool is_ending;
	uint64_t count;
	uint64_t waits[3]; /* charges above 10, 100 and 1000 us */
	uint64_t longest_ns;
};

static void *charge_all_the_time(void *argument)
{
	struct charger *charger = argument;
	uint64_t before = clock_monotonic_ns();
	for (uint32_t i = 0; !atomic_load(&charger->is_ending); i++) {
		charge(charger->throttle, i * 2654435761u % SESSIONS, before);
		uint64_t now = clock_monotonic_ns(), ns = now - before;
		charger->waits[0] += ns > 10000;
		charger->waits[1] += ns > 100000;
		charger->waits[2] += ns > 1000000;
		charger->longest_ns = ns > charger->longest_ns ? ns : charger->longest_ns;
		charger->count++;
		before = now;
	}
	return NULL;
}

/* `written` changes as much as `charged` in any case. */
static void print_waits(const char *what, struct throttle *charged, struct throttle *written,
			struct session_writer *writer)
{
	struct charger charger = {.throttle = charged};
	pthread_t thread;
	session_writer_set(writer, &written, written != NULL);
	if (pthread_create(&thread, NULL, charge_all_the_time, &charger))
		exit(1);
	uint64_t start = clock_monotonic_ns();
	for (int i = 0; i < ROUNDS; i++) {
		for (uint32_t k = 0; written != charged && k < SESSIONS; k++)
			charge(written ? written : charged, k, clock_monotonic_ns());
		session_writer_round(writer);
		sleep(1);
	}
	atomic_store(&charger.is_ending, true);
	pthread_join(thread, NULL);
	double seconds = (double)(clock_monotonic_ns() - start) / 1e9;
	printf("%s: %.2f million charges a second; above 10/100/1000 us: %llu/%llu/%llu, "
	       "longest %.0f us\n",
	       what, (double)charger.count / seconds / 1e6, (unsigned long long)charger.waits[0],
	       (unsigned long long)charger.waits[1], (unsigned long long)charger.waits[2],
	       (double)charger.longest_ns / 1e3);
}

static void print_load(const char *what)
{
	struct session_time now;
	struct throttle *throttle = made();
	struct throttle_figures figures;
	char *message = NULL;
	session_time_now(&now);
	uint64_t start = clock_monotonic_ns();
	if (session_file_load(directory, &throttle, 1, &now, &message) < 0)
		printf("%s\n", message);
	throttle_figures(throttle, &figures);
	printf("%s of %.1f MB: %llu sessions in %.0f ms\n", what, file_mb(),
	       (unsigned long long)figures.sessions, (double)(clock_monotonic_ns() - start) / 1e6);
	free(message);
	throttle_free(throttle);
}

int main(void)
{
	struct session_writer_options options = {
		.state_dir = mkdtemp(directory),
		.clock = session_time_update,
		.report = print_report,
	};
	struct throttle *throttle = made();
	session_time_now(&options.now);
	struct session_writer *writer = session_writer_new(&options);
	session_writer_set(writer, &throttle, 1);
	for (uint32_t i = 0; i < SESSIONS; i++)
		charge(throttle, i, clock_monotonic_ns());
	timed_round(writer, "a base of a million");
	print_load("loading it");
	for (uint32_t i = 0; i < CHANGES; i++)
		charge(throttle, i * 2654435761u % SESSIONS, clock_monotonic_ns());
	timed_round(writer, "300,000 changes");
	print_load("loading base and journal");
	struct throttle *other = made();
	print_waits("no writer", throttle, NULL, writer);
	print_waits("a writer of another table", throttle, other, writer);
	print_waits("a writer of this table", throttle, throttle, writer);
	session_writer_free(writer);
	print_load("loading the last");
	throttle_free(throttle);
	throttle_free(other);
	char *path = xasprintf("%s/sessions", directory);
	unlink(path);
	rmdir(directory);
	free(path);
	return 0;
}
