/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flood [-c COUNT] [-r PER_SECOND] [-s SOURCE] [-p FIRST[-LAST]] [-b BATCH] [-i INTERFACE]
 * DESTINATION
 *
 * Sends COUNT UDP packets, every one a flow of its own, through a raw socket: the source port runs
 * from 1024 to 65535 and then the source address goes up by one, starting at SOURCE (which the
 * network between must accept); the destination port runs over FIRST … LAST. IPv4 or IPv6 as
 * DESTINATION says. Without -r as fast as it can. Prints one line when it has sent all; exit
 * status 1 if some could not be sent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net/addr.h"

#define MAX_BATCH 256
#define PACKET_MAX 64
#define PAYLOAD 4 /* the number of the packet */
#define UDP_BYTES (8 + PAYLOAD)
#define FIRST_SOURCE_PORT 1024u
#define SOURCE_PORTS (65536u - FIRST_SOURCE_PORT)
#define NS_PER_SECOND 1000000000ull
#define COUNT_MAX 10000000u

struct flood {
	uint32_t count;
	uint32_t per_second;
	unsigned batch;
	struct addr source;
	struct addr destination;
	uint16_t first_port;
	uint16_t last_port;
	const char *interface;
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
	memset(packet, 0, header + UDP_BYTES);
	packet[0] = is_v4 ? 0x45 : 0x60;
	packet[is_v4 ? 8 : 7] = 64;
	packet[is_v4 ? 9 : 6] = IPPROTO_UDP;
	if (is_v4) /* the kernel adds the header's checksum, raw(7) */
		put_u16(packet + 2, (uint32_t)header + UDP_BYTES);
	else
		put_u16(packet + 4, UDP_BYTES);
	put_source(addresses, &flood->source, number / SOURCE_PORTS);
	memcpy(addresses + size, flood->destination.bytes, size);
	put_u16(udp, FIRST_SOURCE_PORT + number % SOURCE_PORTS);
	put_u16(udp + 2, flood->first_port + number % ports);
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

static void wait_until(uint64_t when_ns)
{
	struct timespec when = {.tv_sec = (time_t)(when_ns / NS_PER_SECOND),
				.tv_nsec = (long)(when_ns % NS_PER_SECOND)};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
		continue;
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

static int run(const struct flood *flood, int fd, uint64_t start_ns)
{
	static uint8_t packets[MAX_BATCH][PACKET_MAX];
	static struct mmsghdr messages[MAX_BATCH];
	static struct iovec parts[MAX_BATCH];
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6};
	struct sockaddr_in to4 = {.sin_family = AF_INET};
	bool is_v4 = flood->destination.family == AF_INET;
	int error = 0;
	memcpy(&to4.sin_addr, flood->destination.bytes, sizeof(to4.sin_addr));
	memcpy(&to6.sin6_addr, flood->destination.bytes, sizeof(to6.sin6_addr));
	for (unsigned i = 0; i < MAX_BATCH; i++)
		messages[i].msg_hdr =
			(struct msghdr){.msg_name = is_v4 ? (void *)&to4 : (void *)&to6,
					.msg_namelen = is_v4 ? sizeof(to4) : sizeof(to6),
					.msg_iov = &parts[i],
					.msg_iovlen = 1};
	for (uint32_t number = 0; number < flood->count && !error;) {
		unsigned count = 0;
		for (; count < flood->batch && number < flood->count; count++, number++)
			parts[count] = (struct iovec){packets[count],
						      build_packet(flood, number, packets[count])};
		error = send_batch(fd, messages, count);
		if (flood->per_second)
			wait_until(start_ns + number * NS_PER_SECOND / flood->per_second);
	}
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
	while (good && (option = getopt(argc, argv, "c:r:s:p:b:i:")) != -1) {
		if (option == 'c')
			flood->count = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 'r')
			flood->per_second = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 's')
			good = !addr_parse(optarg, &flood->source);
		else if (option == 'p')
			good = read_ports(optarg, flood);
		else if (option == 'b')
			flood->batch = (unsigned)atoi(optarg);
		else if (option == 'i')
			flood->interface = optarg;
		else
			good = false;
	}
	return good && optind + 1 == argc && !addr_parse(argv[optind], &flood->destination) &&
	       flood->source.family == flood->destination.family && flood->count <= COUNT_MAX &&
	       flood->batch >= 1 && flood->batch <= MAX_BATCH;
}

int main(int argc, char **argv)
{
	struct flood flood = {.count = 1000, .batch = 64, .first_port = 9, .last_port = 9};
	if (!read_options(argc, argv, &flood)) {
		fprintf(stderr, "usage: flood [-c count] [-r per-second] -s source "
				"[-p first[-last]] [-b batch] [-i interface] destination\n");
		return 2;
	}
	int fd = open_socket(&flood);
	if (fd < 0) {
		perror("flood: socket");
		return 1;
	}
	uint64_t start_ns = now_ns();
	int error = run(&flood, fd, start_ns);
	double seconds = (double)(now_ns() - start_ns) / (double)NS_PER_SECOND;
	if (error)
		fprintf(stderr, "flood: %s\n", strerror(-error));
	else
		printf("sent %u packets in %.3f s, %.0f a second\n", flood.count, seconds,
		       flood.count / (seconds > 0 ? seconds : 1e-9));
	close(fd);
	return error ? 1 : 0;
}
