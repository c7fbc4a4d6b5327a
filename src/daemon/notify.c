/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/text.h"

bool notify_is_service(void)
{
	const char *pid = getenv("SYSTEMD_EXEC_PID"); /* systemd.exec(5) */
	return getenv("NOTIFY_SOCKET") || (pid && strtol(pid, NULL, 10) == getpid());
}

void notify_send(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = path ? strlen(path) : 0;
	if (length == 0 || length >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0'; /* an abstract name */
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, size) < 0)
		log_warning("the service manager could not be told %s: %s", state, strerror(errno));
	if (fd >= 0)
		close(fd);
}

void notify_reloading(void)
{
	char *state = xasprintf("RELOADING=1\nMONOTONIC_USEC=%llu",
				(unsigned long long)(clock_monotonic_ns() / 1000));
	notify_send(state);
	free(state);
}

uint64_t notify_watchdog_us(void)
{
	const char *period = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t period_us;
	if (!period || text_to_u64(period, UINT64_MAX, &period_us))
		return 0;
	return pid && strtol(pid, NULL, 10) != getpid() ? 0 : period_us;
}
