/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fields of which `session:` makes a throttle's sessions. */
#ifndef CONFIG_SESSION_FIELD_H
#define CONFIG_SESSION_FIELD_H

#include <stdint.h>

enum session_field {
	SESSION_SADDR,
	SESSION_DADDR,
	SESSION_LADDR,
	SESSION_RADDR,
	SESSION_SPORT,
	SESSION_DPORT,
	SESSION_LPORT,
	SESSION_RPORT,
	SESSION_PROTO,
	SESSION_USER,
	SESSION_CC,
	SESSION_FIELD_COUNT
};

#define SESSION_BIT(field) (1u << (field))
#define SESSION_NONE 0u /* one session for all */
#define SESSION_DEFAULT (SESSION_BIT(SESSION_SADDR) | SESSION_BIT(SESSION_DADDR))

/* The words of the configuration: `saddr` … `cc`, at their enum's positions. */
extern const char *const session_field_names[SESSION_FIELD_COUNT];

/* 0, or -EINVAL where there is no such field. */
int session_field_find(const char *name, enum session_field *ret_field);

#endif
