/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What makes two packets one session: the values of the chosen fields, packed into a few bytes.
 *
 *   flags      1   which values are known, IPv6, and the two bits below
 *   addresses  0, 16 or 32
 *   ports      0, 2 or 4
 *   mask word  0 or 4   the bits of the first 4 bytes of the IP payload that count
 *   user       0 or 4   of the local end, as far as it was looked up
 *   country    0 or 2
 *   protocol   0 or 1
 *
 * A packet has two addresses only, so where three or four address fields are chosen, two are
 * stored, with one bit that tells which of them the third is; ports likewise. A field that is not
 * known for a packet (ports of a later fragment, the country of a private address) has a value of
 * its own, unlike any known one. What is not chosen leaves no trace, so `none` is one session for
 * IPv4 and IPv6 together, and two keys are equal exactly where all chosen fields are.
 */
#ifndef THROTTLE_SESSION_KEY_H
#define THROTTLE_SESSION_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/session_field.h"
#include "rules/facts.h"

#define SESSION_KEY_MAX 48

struct session_layout {
	uint32_t fields; /* bits SESSION_BIT(…); SESSION_NONE: one session for all */
	uint32_t mask;   /* of payload_word; 0: it does not count */
};

struct session_key {
	uint8_t bytes[SESSION_KEY_MAX]; /* as many as session_key_size() says */
};

/* Bytes of every key of this layout, 1 … SESSION_KEY_MAX. */
size_t session_key_size(const struct session_layout *layout);

/* The key of the packet in `facts`. Only the first session_key_size() bytes are written. */
void session_key_make(const struct session_layout *layout, const struct facts *facts,
		      struct session_key *ret_key);

/*
 * The value of one chosen field, for printing; VALUE_UNKNOWN where the packet had none or the
 * field is not chosen. Text points into the key.
 */
void session_key_get(const struct session_layout *layout, const struct session_key *key,
		     enum session_field field, struct value *ret_value);

/* The masked first 4 bytes of the IP payload; false where there are none, or the mask is 0. */
bool session_key_word(const struct session_layout *layout, const struct session_key *key,
		      uint32_t *ret_word);

#endif
