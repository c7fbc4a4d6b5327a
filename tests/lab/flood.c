/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flood [-c COUNT] [-f FLOWS] [-s SOURCE] [-p FIRST[-LAST]] [-b BATCH]
 * [-t THREADS] [-w WINDOW,FD] [-i INTERFACE] [-a] DESTINATION
 *
 * Sends COUNT UDP packets, every one a flow of its own, through a raw socket: the source port runs
 * from 1024 to 65535 and then the source address goes up by one, starting at SOURCE (which the
 * network between must accept); the destination port runs over FIRST … LAST. IPv4 or IPv6 as
 * DESTINATION says. -f: the first FLOWS flows in turn instead. -a: the answers to these packets,
 * from where they go. Threads share the packets; a flow's come from one thread where the number of
 * threads divides FLOWS. As fast as it can; with -w at most WINDOW packets are on their way
 * (flood_window.h). Prints one line when it has sent all, and with -w when they have arrived;
 * exit status 1 if some could not be sent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "flood_window.h"
#include "net/addr.h"

#define MAX_BATCH 256
#define MAX_THREADS 16
#define PACKET_MAX 64
#define PAYLOAD 4 /* the number of the packet */
#define UDP_BYTES (8 + PAYLOAD)
#define FIRST_SOURCE_PORT 1024u
#define SOURCE_PORTS (65536u - FIRST_SOURCE_PORT)
#define NS_PER_SECOND 1000000000ull
#define COUNT_MAX 10000000u

struct flood {
	uint32_t count;
	uint32_t flows;
	unsigned batch;
	unsigned threads;
	bool answers;
	struct addr source;
	struct addr destination;
	uint16_t first_port;
	uint16_t last_port;
	const char *interface;
	struct flood_window window;
	uint64_t start_ns;
};

/* One thread, and every so many-th packet. */
struct sender {
	struct flood *flood;
	pthread_t thread;
	unsigned first;
	int error;
	uint8_t packets[MAX_BATCH][PACKET_MAX];
	struct mmsghdr messages[MAX_BATCH];
	struct iovec parts[MAX_BATCH];
};

static void put_u16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put_u32(uint8_t *at, uint32_t value)
{
	put_u16(at, value >> 16);
	put_u16(at + 2, value);
}

static uint32_t sum_words(const uint8_t *bytes, size_t length, uint32_t sum)
{
	for (size_t i = 0; i < length; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return sum;
}

/* RFC 768: over addresses, protocol, length and datagram; 0 is sent as all ones. */
static uint16_t udp_checksum(const uint8_t *addresses, size_t addresses_length, const uint8_t *udp)
{
	uint32_t sum = sum_words(addresses, addresses_length, IPPROTO_UDP + UDP_BYTES);
	sum = sum_words(udp, UDP_BYTES, sum);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff ? 0xffff : (uint16_t)~sum;
}

/* Adds `steps` to the last four bytes of an address. */
static void put_source(uint8_t *at, const struct addr *source, uint32_t steps)
{
	size_t size = addr_size(source);
	memcpy(at, source->bytes, size);
	const uint8_t *low = source->bytes + size - 4;
	put_u32(at + size - 4,
		((uint32_t)low[0] << 24 | low[1] << 16 | low[2] << 8 | low[3]) + steps);
}

/* Writes packet `number`; returns its length. */
static size_t build_packet(const struct flood *flood, uint32_t number, uint8_t *packet)
{
	bool is_v4 = flood->destination.family == AF_INET;
	size_t size = addr_size(&flood->destination), header = is_v4 ? 20 : 40;
	uint8_t *addresses = packet + header - 2 * size, *udp = packet + header;
	uint32_t ports = (uint32_t)flood->last_port - flood->first_port + 1;
	uint32_t flow = number % flood->flows;
	/* The other end comes second, in addresses and ports; in an answer it is the sender. */
	uint8_t *near = addresses + (flood->answers ? size : 0);
	uint8_t *far = addresses + (flood->answers ? 0 : size);
	memset(packet, 0, header + UDP_BYTES);
	packet[0] = is_v4 ? 0x45 : 0x60;
	packet[is_v4 ? 8 : 7] = 64;
	packet[is_v4 ? 9 : 6] = IPPROTO_UDP;
	if (is_v4) /* the kernel adds the header's checksum, raw(7) */
		put_u16(packet + 2, (uint32_t)header + UDP_BYTES);
	else
		put_u16(packet + 4, UDP_BYTES);
	put_source(near, &flood->source, flow / SOURCE_PORTS);
	memcpy(far, flood->destination.bytes, size);
	put_u16(udp + (flood->answers ? 2 : 0), FIRST_SOURCE_PORT + flow % SOURCE_PORTS);
	put_u16(udp + (flood->answers ? 0 : 2), flood->first_port + flow % ports);
	put_u16(udp + 4, UDP_BYTES);
	put_u32(udp + 8, number);
	put_u16(udp + 6, udp_checksum(addresses, 2 * size, udp));
	return header + UDP_BYTES;
}

/* Sends all of a batch; what has no room yet is tried again. */
static int send_batch(int fd, struct mmsghdr *messages, unsigned count)
{
	unsigned sent = 0;
	while (sent < count) {
		int result = sendmmsg(fd, messages + sent, count - sent, 0);
		if (result < 0 && errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
			return -errno;
		if (result > 0)
			sent += (unsigned)result;
	}
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static int open_socket(const struct flood *flood)
{
	int fd = socket(flood->destination.family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (fd >= 0 && flood->interface &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, flood->interface,
		       (socklen_t)strlen(flood->interface) + 1)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int send_share(struct sender *sender, int fd)
{
	struct flood *flood = sender->flood;
	const struct addr *to = flood->answers ? &flood->source : &flood->destination;
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6};
	struct sockaddr_in to4 = {.sin_family = AF_INET};
	bool is_v4 = to->family == AF_INET;
	int error = 0;
	memcpy(&to4.sin_addr, to->bytes, sizeof(to4.sin_addr));
	memcpy(&to6.sin6_addr, to->bytes, sizeof(to6.sin6_addr));
	for (unsigned i = 0; i < MAX_BATCH; i++)
		sender->messages[i].msg_hdr =
			(struct msghdr){.msg_name = is_v4 ? (void *)&to4 : (void *)&to6,
					.msg_namelen = is_v4 ? sizeof(to4) : sizeof(to6),
					.msg_iov = &sender->parts[i],
					.msg_iovlen = 1};
	for (uint32_t number = sender->first; number < flood->count && !error;) {
		unsigned count = 0;
		for (; count < flood->batch && number < flood->count;
		     count++, number += flood->threads)
			sender->parts[count] =
				(struct iovec){sender->packets[count],
					       build_packet(flood, number, sender->packets[count])};
		error = send_batch(fd, sender->messages, count);
		flood_window_sent(&flood->window, count);
	}
	return error;
}

static void *run_sender(void *argument)
{
	struct sender *sender = argument;
	int fd = open_socket(sender->flood);
	sender->error = fd < 0 ? -errno : send_share(sender, fd);
	if (fd >= 0)
		close(fd);
	return NULL;
}

static int run(struct flood *flood)
{
	static struct sender senders[MAX_THREADS];
	int error = flood_window_open(&flood->window);
	unsigned started = 0;
	flood->start_ns = now_ns();
	for (; started < flood->threads && !error; started += !error) {
		senders[started].flood = flood;
		senders[started].first = started;
		error = -pthread_create(&senders[started].thread, NULL, run_sender,
					&senders[started]);
	}
	for (unsigned i = 0; i < started; i++) {
		pthread_join(senders[i].thread, NULL);
		error = error ? error : senders[i].error;
	}
	if (!error)
		flood_window_drain(&flood->window);
	return error;
}

static bool read_ports(const char *text, struct flood *flood)
{
	unsigned first, last;
	int fields = sscanf(text, "%u-%u", &first, &last);
	if (fields == 1)
		last = first;
	if (fields < 1 || first < 1 || last > 65535 || first > last)
		return false;
	flood->first_port = (uint16_t)first;
	flood->last_port = (uint16_t)last;
	return true;
}

static bool read_options(int argc, char **argv, struct flood *flood)
{
	int option;
	bool good = true;
	while (good && (option = getopt(argc, argv, "c:f:s:p:b:t:w:i:a")) != -1) {
		if (option == 'c')
			flood->count = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 'f')
			flood->flows = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 's')
			good = !addr_parse(optarg, &flood->source);
		else if (option == 'p')
			good = read_ports(optarg, flood);
		else if (option == 'b')
			flood->batch = (unsigned)atoi(optarg);
		else if (option == 't')
			flood->threads = (unsigned)atoi(optarg);
		else if (option == 'w')
			good = sscanf(optarg, "%u,%d", &flood->window.size, &flood->window.fd) == 2;
		else if (option == 'i')
			flood->interface = optarg;
		else if (option == 'a')
			flood->answers = true;
		else
			good = false;
	}
	return good && optind + 1 == argc && !addr_parse(argv[optind], &flood->destination) &&
	       flood->source.family == flood->destination.family && flood->count <= COUNT_MAX &&
	       flood->batch >= 1 && flood->batch <= MAX_BATCH && flood->flows >= 1 &&
	       flood->threads >= 1 && flood->threads <= MAX_THREADS;
}

static double cpu_seconds(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
	struct flood flood = {.count = 1000,
			      .flows = UINT32_MAX,
			      .batch = 64,
			      .threads = 1,
			      .first_port = 9,
			      .last_port = 9};
	if (!read_options(argc, argv, &flood)) {
		fprintf(stderr, "usage: flood [-c count] [-f flows] -s source "
				"[-p first[-last]] [-b batch] [-t threads] [-w window,fd] "
				"[-i interface] [-a] destination\n");
		return 2;
	}
	int error = run(&flood);
	double seconds = (double)(now_ns() - flood.start_ns) / (double)NS_PER_SECOND;
	if (error) {
		fprintf(stderr, "flood: %s\n", strerror(-error));
		return 1;
	}
	printf("sent %u packets in %.3f s, %.0f a second, %.3f s of processor time\n", flood.count,
	       seconds, flood.count / (seconds > 0 ? seconds : 1e-9), cpu_seconds());
	return 0;
}
