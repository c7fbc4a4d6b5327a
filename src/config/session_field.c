/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/session_field.h"

#include <errno.h>
#include <string.h>

const char *const session_field_names[SESSION_FIELD_COUNT] = {
	[SESSION_SADDR] = "saddr", [SESSION_DADDR] = "daddr", [SESSION_LADDR] = "laddr",
	[SESSION_RADDR] = "raddr", [SESSION_SPORT] = "sport", [SESSION_DPORT] = "dport",
	[SESSION_LPORT] = "lport", [SESSION_RPORT] = "rport", [SESSION_PROTO] = "proto",
	[SESSION_USER] = "user",   [SESSION_CC] = "cc",
};

int session_field_find(const char *name, enum session_field *ret_field)
{
	for (unsigned i = 0; i < SESSION_FIELD_COUNT; i++) {
		if (strcmp(session_field_names[i], name) == 0) {
			*ret_field = (enum session_field)i;
			return 0;
		}
	}
	return -EINVAL;
}
