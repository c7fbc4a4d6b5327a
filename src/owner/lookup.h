/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What of an owner is to be had at once: from the packet, the socket and the cache. */
#ifndef OWNER_LOOKUP_H
#define OWNER_LOOKUP_H

#include "kernel/sock_diag.h"
#include "owner/owner_cache.h"
#include "owner/owners.h"

/* An owner in numbers. */
struct found {
	bool has_uid;
	bool has_gid;
	uint32_t uid;
	uint32_t gid;
	uint64_t inode;              /* 0: no socket, or one that no process has */
	uint64_t cgroup_id;          /* 0: none */
	struct process_facts *facts; /* a reference, or NULL */
};

void found_clear(struct found *found);

/* The process that was searched for; NULL: none has the socket. Takes the reference over. */
void found_take_process(struct found *found, const struct owner_query *query,
			struct process_facts *facts);

/* Room for the names of an owner. */
struct owner_names {
	char user[256];
	char group[256];
	char cgroup[4096];
	char unit[256];
};

/*
 * What the packet and the socket tell; found_clear() for it. The socket is asked for only where the
 * level needs it.
 */
void lookup_socket(struct sock_diag *diag, const struct owner_query *query, enum owner_level level,
		   struct found *ret_found);

/*
 * The process, where the level needs it or the packet did not tell user and group: a socket tells
 * neither its group nor whether it is one of the kernel's. False where it must be searched: of
 * found->inode, which is of found->uid.
 */
bool lookup_process(struct owner_cache *cache, const struct owner_query *query,
		    enum owner_level level, uint64_t now_ns, struct found *found);

/*
 * The owner in words. Where a name must be asked for, the result is false with *ret_kind and
 * *ret_id of it. *ret_owner borrows from `found` and `names`.
 */
bool lookup_name(struct owner_cache *cache, const struct found *found, enum owner_level level,
		 uint64_t now_ns, struct owner_names *names, struct owner *ret_owner,
		 enum owner_text *ret_kind, uint64_t *ret_id);

#endif
