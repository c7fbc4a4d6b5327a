/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/session_time.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"
#define NS_PER_S 1000000000ll

static void read_boot(uint8_t boot[BOOT_ID_SIZE])
{
	int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, boot, BOOT_ID_SIZE) != BOOT_ID_SIZE)
		memset(boot, 0, BOOT_ID_SIZE);
	if (fd >= 0)
		close(fd);
}

void session_time_update(struct session_time *time)
{
	struct timespec real;
	clock_gettime(CLOCK_REALTIME, &real);
	time->monotonic_ns = clock_monotonic_ns();
	time->real_ns = (int64_t)real.tv_sec * NS_PER_S + real.tv_nsec;
}

void session_time_now(struct session_time *ret_now)
{
	session_time_update(ret_now);
	read_boot(ret_now->boot);
}

static bool is_same_boot(const struct session_time *a, const struct session_time *b)
{
	static const uint8_t unknown[BOOT_ID_SIZE];
	return memcmp(a->boot, b->boot, BOOT_ID_SIZE) == 0 &&
	       memcmp(a->boot, unknown, BOOT_ID_SIZE) != 0;
}

uint64_t session_time_between(const struct session_time *from, const struct session_time *to)
{
	/* A time namespace may begin its clock anew within a boot. */
	if (is_same_boot(from, to) && to->monotonic_ns >= from->monotonic_ns)
		return to->monotonic_ns - from->monotonic_ns;
	return to->real_ns > from->real_ns ? (uint64_t)to->real_ns - (uint64_t)from->real_ns : 0;
}
