/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flood_window.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define POLL_NS 500000
#define POLLS_TILL_LOST 4000

/* The packets that all interfaces but lo have received. */
static int read_received(int fd, uint64_t *received)
{
	char text[4096];
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);
	if (length < 0)
		return -errno;
	text[length] = '\0';
	*received = 0;
	for (char *line = text; line; line = strchr(line, '\n')) {
		char name[32];
		uint64_t packets;
		line += *line == '\n';
		if (sscanf(line, " %31[^: ]: %*u %" SCNu64, name, &packets) == 2 &&
		    strcmp(name, "lo") != 0)
			*received += packets;
	}
	return 0;
}

int flood_window_open(struct flood_window *window)
{
	return window->size ? read_received(window->fd, &window->received_before) : 0;
}

static uint64_t on_the_way(struct flood_window *window)
{
	uint64_t known = atomic_load(&window->arrived) + atomic_load(&window->lost);
	uint64_t sent = atomic_load(&window->sent);
	return sent > known ? sent - known : 0;
}

/* True if more have arrived than was known. */
static bool look(struct flood_window *window)
{
	uint64_t received;
	if (read_received(window->fd, &received))
		return false;
	received -= window->received_before;
	return atomic_exchange(&window->arrived, received) < received;
}

static void wait_for_at_most(struct flood_window *window, uint64_t allowed)
{
	const struct timespec pause = {.tv_nsec = POLL_NS};
	unsigned polls = 0;
	while (on_the_way(window) > allowed) {
		if (look(window))
			polls = 0;
		else if (++polls == POLLS_TILL_LOST)
			atomic_fetch_add(&window->lost, on_the_way(window));
		if (on_the_way(window) > allowed)
			nanosleep(&pause, NULL);
	}
}

void flood_window_sent(struct flood_window *window, uint32_t count)
{
	atomic_fetch_add(&window->sent, count);
	if (window->size)
		wait_for_at_most(window, window->size);
}

void flood_window_drain(struct flood_window *window)
{
	if (window->size)
		wait_for_at_most(window, 0);
}
