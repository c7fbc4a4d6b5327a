/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "throttle/session_key.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>
#include <sys/socket.h>

enum key_flag {
	KEY_IPV6 = 1,
	KEY_THIRD_ADDR_IS_FIRST = 2, /* the address field that is not stored equals the first */
	KEY_HAS_PORTS = 4,
	KEY_THIRD_PORT_IS_FIRST = 8,
	KEY_HAS_WORD = 16,
};

#define NO_USER UINT32_MAX /* (uid_t)-1 is nobody's */

/* Addresses and ports come as four fields each, in this order. */
enum end { END_SOURCE, END_DESTINATION, END_LOCAL, END_REMOTE, END_COUNT };
static_assert(SESSION_SPORT == SESSION_SADDR + END_COUNT, "ports follow addresses");

/* Which two of up to four ends are stored, and which third follows from them. */
struct pair {
	unsigned count; /* 0 … 2 */
	enum end stored[2];
	enum end third; /* END_COUNT: none */
};

/* Of three or four ends one pair (source and destination, or local and remote) is complete. */
static struct pair pair_of(uint32_t ends)
{
	struct pair pair = {.third = END_COUNT};
	unsigned chosen = (unsigned)__builtin_popcount(ends);
	if (chosen > 2) {
		bool is_direct = (ends & 3) == 3;
		uint32_t stored = is_direct ? 3 : 12;
		pair.third = (enum end)__builtin_ctz(ends & ~stored);
		ends = stored;
	}
	for (unsigned i = 0; i < END_COUNT; i++) {
		if (ends >> i & 1)
			pair.stored[pair.count++] = (enum end)i;
	}
	return pair;
}

static struct pair addr_pair(const struct session_layout *layout)
{
	return pair_of(layout->fields >> SESSION_SADDR & 15);
}

static struct pair port_pair(const struct session_layout *layout)
{
	return pair_of(layout->fields >> SESSION_SPORT & 15);
}

static bool is_chosen(const struct session_layout *layout, enum session_field field)
{
	return layout->fields & SESSION_BIT(field);
}

size_t session_key_size(const struct session_layout *layout)
{
	size_t size =
		1 + 16 * (size_t)addr_pair(layout).count + 2 * (size_t)port_pair(layout).count;
	size += layout->mask ? 4 : 0;
	size += is_chosen(layout, SESSION_USER) ? 4 : 0;
	size += is_chosen(layout, SESSION_CC) ? 2 : 0;
	size += is_chosen(layout, SESSION_PROTO) ? 1 : 0;
	return size;
}

static bool end_is_source(const struct facts *facts, enum end end)
{
	switch (end) {
	case END_SOURCE:
		return true;
	case END_LOCAL:
		return facts->source_is_local;
	case END_REMOTE:
		return !facts->source_is_local;
	case END_DESTINATION:
	case END_COUNT:
		break;
	}
	return false;
}

static const struct addr *end_addr(const struct facts *facts, enum end end)
{
	return end_is_source(facts, end) ? &facts->packet->src : &facts->packet->dst;
}

static uint16_t end_port(const struct facts *facts, enum end end)
{
	return end_is_source(facts, end) ? facts->packet->sport : facts->packet->dport;
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t size)
{
	memcpy(at, bytes, size);
	return at + size;
}

static uint8_t *put_addrs(uint8_t *at, const struct pair *pair, const struct facts *facts,
			  uint8_t *flags)
{
	for (unsigned i = 0; i < pair->count; i++)
		at = put(at, end_addr(facts, pair->stored[i])->bytes, 16);
	if (pair->count && facts->packet->src.family == AF_INET6)
		*flags |= KEY_IPV6;
	if (pair->third != END_COUNT &&
	    addr_equal(end_addr(facts, pair->third), end_addr(facts, pair->stored[0])))
		*flags |= KEY_THIRD_ADDR_IS_FIRST;
	return at;
}

static uint8_t *put_ports(uint8_t *at, const struct pair *pair, const struct facts *facts,
			  uint8_t *flags)
{
	if (pair->count && !facts->packet->has_ports) {
		memset(at, 0, 2 * (size_t)pair->count);
		return at + 2 * (size_t)pair->count;
	}
	for (unsigned i = 0; i < pair->count; i++) {
		uint16_t port = end_port(facts, pair->stored[i]);
		at = put(at, &port, sizeof(port));
		*flags |= KEY_HAS_PORTS;
	}
	if (pair->third != END_COUNT &&
	    end_port(facts, pair->third) == end_port(facts, pair->stored[0]))
		*flags |= KEY_THIRD_PORT_IS_FIRST;
	return at;
}

static uint8_t *put_word(uint8_t *at, uint32_t mask, const struct packet *packet, uint8_t *flags)
{
	uint32_t word = packet->has_payload_word ? packet->payload_word & mask : 0;
	if (packet->has_payload_word)
		*flags |= KEY_HAS_WORD;
	return put(at, &word, sizeof(word));
}

static uint8_t *put_user(uint8_t *at, const struct facts *facts)
{
	struct value uid;
	facts_get(facts, ATTR_UID, &uid);
	uint32_t user = uid.type == VALUE_NUMBER ? (uint32_t)uid.number : NO_USER;
	return put(at, &user, sizeof(user));
}

static uint8_t *put_country(uint8_t *at, const struct facts *facts)
{
	struct value cc;
	facts_get(facts, ATTR_CC, &cc);
	char code[2] = {0, 0};
	if (cc.type == VALUE_TEXT && cc.length == sizeof(code))
		memcpy(code, cc.text, sizeof(code));
	return put(at, code, sizeof(code));
}

void session_key_make(const struct session_layout *layout, const struct facts *facts,
		      struct session_key *ret_key)
{
	struct pair addrs = addr_pair(layout);
	struct pair ports = port_pair(layout);
	uint8_t flags = 0;
	uint8_t *at = ret_key->bytes + 1;
	at = put_addrs(at, &addrs, facts, &flags);
	at = put_ports(at, &ports, facts, &flags);
	if (layout->mask)
		at = put_word(at, layout->mask, facts->packet, &flags);
	if (is_chosen(layout, SESSION_USER))
		at = put_user(at, facts);
	if (is_chosen(layout, SESSION_CC))
		at = put_country(at, facts);
	if (is_chosen(layout, SESSION_PROTO))
		*at = facts->packet->proto;
	ret_key->bytes[0] = flags;
}

/* Which of the stored two an end is; -1: the end is not chosen. */
static int stored_at(const struct pair *pair, uint32_t ends, enum end end, bool third_is_first)
{
	if (!(ends >> end & 1))
		return -1;
	for (unsigned i = 0; i < pair->count; i++) {
		if (pair->stored[i] == end)
			return (int)i;
	}
	/* A fourth end is the one that the third is not. */
	return end == pair->third ? !third_is_first : third_is_first;
}

static void get_addr(const struct session_layout *layout, const struct session_key *key,
		     enum end end, struct value *ret_value)
{
	struct pair pair = addr_pair(layout);
	uint8_t flags = key->bytes[0];
	int at = stored_at(&pair, layout->fields >> SESSION_SADDR & 15, end,
			   flags & KEY_THIRD_ADDR_IS_FIRST);
	if (at < 0)
		return;
	ret_value->type = VALUE_ADDRESS;
	ret_value->addr =
		addr_from_bytes(flags & KEY_IPV6 ? AF_INET6 : AF_INET, key->bytes + 1 + 16 * at);
}

static void get_port(const struct session_layout *layout, const struct session_key *key,
		     enum end end, struct value *ret_value)
{
	struct pair pair = port_pair(layout);
	uint8_t flags = key->bytes[0];
	int at = stored_at(&pair, layout->fields >> SESSION_SPORT & 15, end,
			   flags & KEY_THIRD_PORT_IS_FIRST);
	if (at < 0 || !(flags & KEY_HAS_PORTS))
		return;
	uint16_t port;
	memcpy(&port, key->bytes + 1 + 16 * addr_pair(layout).count + 2 * at, sizeof(port));
	ret_value->type = VALUE_NUMBER;
	ret_value->number = port;
}

static size_t word_offset(const struct session_layout *layout)
{
	return 1 + 16 * (size_t)addr_pair(layout).count + 2 * (size_t)port_pair(layout).count;
}

bool session_key_word(const struct session_layout *layout, const struct session_key *key,
		      uint32_t *ret_word)
{
	if (!layout->mask || !(key->bytes[0] & KEY_HAS_WORD))
		return false;
	memcpy(ret_word, key->bytes + word_offset(layout), sizeof(*ret_word));
	return true;
}

static void get_user(const uint8_t *bytes, struct value *ret_value)
{
	uint32_t uid;
	memcpy(&uid, bytes, sizeof(uid));
	if (uid == NO_USER)
		return;
	ret_value->type = VALUE_NUMBER;
	ret_value->number = uid;
}

static void get_country(const char *code, struct value *ret_value)
{
	if (!code[0])
		return;
	ret_value->type = VALUE_TEXT;
	ret_value->text = code;
	ret_value->length = 2;
}

void session_key_get(const struct session_layout *layout, const struct session_key *key,
		     enum session_field field, struct value *ret_value)
{
	size_t user = word_offset(layout) + (layout->mask ? 4 : 0);
	size_t country = user + (is_chosen(layout, SESSION_USER) ? 4 : 0);
	*ret_value = (struct value){.type = VALUE_UNKNOWN};
	if (!is_chosen(layout, field))
		return;
	switch (field) {
	case SESSION_SADDR:
	case SESSION_DADDR:
	case SESSION_LADDR:
	case SESSION_RADDR:
		return get_addr(layout, key, (enum end)(field - SESSION_SADDR), ret_value);
	case SESSION_SPORT:
	case SESSION_DPORT:
	case SESSION_LPORT:
	case SESSION_RPORT:
		return get_port(layout, key, (enum end)(field - SESSION_SPORT), ret_value);
	case SESSION_PROTO:
		ret_value->type = VALUE_NUMBER;
		ret_value->number = key->bytes[session_key_size(layout) - 1];
		return;
	case SESSION_CC:
		return get_country((const char *)key->bytes + country, ret_value);
	case SESSION_USER:
		return get_user(key->bytes + user, ret_value);
	case SESSION_FIELD_COUNT:
		break;
	}
}
