/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The packet parser: two bytes say by how much the packet exceeds what was captured. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "net/packet.h"

static void check(const struct packet *packet, size_t length)
{
	ENSURE(packet->src.family == AF_INET || packet->src.family == AF_INET6);
	ENSURE(packet->dst.family == packet->src.family);
	ENSURE(packet->dscp < 64);
	ENSURE(packet->length == length);
	ENSURE(!packet->has_ports || !packet->has_icmp);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet packet;
	if (size < 2)
		return 0;
	size_t captured = size - 2;
	size_t length = captured + (size_t)(data[0] << 8 | data[1]);
	/* A copy of exactly that size, so that the sanitizer sees a read before or behind it. */
	uint8_t *copy = malloc(captured ? captured : 1);
	ENSURE(copy);
	memcpy(copy, data + 2, captured);
	int error = packet_parse(copy, captured, length, &packet);
	ENSURE(error == 0 || error == -EBADMSG || error == -ENODATA);
	if (error == 0)
		check(&packet, length);
	free(copy);
	return 0;
}
