/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "owner/lookup.h"

#include <string.h>

#include "kernel/cgroup.h"

void found_clear(struct found *found)
{
	process_facts_unref(found->facts);
	*found = (struct found){0};
}

static void take_socket(struct sock_diag *diag, const struct owner_query *query,
			struct found *found)
{
	const struct sock_tuple tuple = {
		.proto = query->proto,
		.is_incoming = query->is_incoming,
		.laddr = query->laddr,
		.raddr = query->raddr,
		.lport = query->lport,
		.rport = query->rport,
		.ifindex = query->ifindex,
	};
	struct sock_info info;
	if (sock_diag_find(diag, &tuple, &info) || !info.has_uid)
		return;
	/* Of another user than the packet's: it is another socket, which shares the ends with it.
	 */
	if (found->has_uid && found->uid != info.uid)
		return;
	found->has_uid = true;
	found->uid = info.uid;
	found->inode = info.inode;
	found->cgroup_id = info.cgroup_id;
}

/*
 * The kernel's own sockets look as if root had made them. Only of packets that leave it tells by
 * itself, in not telling the user, that no process has their socket open (nfqnl_put_sk_uidgid() in
 * net/netfilter/nfnetlink_queue.c).
 */
static bool may_be_the_kernels(const struct owner_query *query, const struct found *found)
{
	return !query->has_uid && found->has_uid && found->uid == 0;
}

void found_take_process(struct found *found, const struct owner_query *query,
			struct process_facts *facts)
{
	found->facts = facts;
	if (!found->facts && may_be_the_kernels(query, found)) {
		found->has_uid = false;
		found->inode = found->cgroup_id = 0;
	}
	if (found->facts && !found->has_gid) {
		found->has_gid = true;
		found->gid = found->facts->gid;
	}
}

/* The packet came with all there is to know of the user. */
static bool is_told(const struct owner_query *query)
{
	return query->has_uid && query->has_gid;
}

void lookup_socket(struct sock_diag *diag, const struct owner_query *query, enum owner_level level,
		   struct found *ret_found)
{
	*ret_found = (struct found){
		.has_uid = query->has_uid,
		.has_gid = query->has_gid,
		.uid = query->uid,
		.gid = query->gid,
	};
	if (query->is_queued && !query->is_incoming && !query->has_uid)
		return;
	if (level > OWNER_USER || !is_told(query))
		take_socket(diag, query, ret_found);
}

bool lookup_process(struct owner_cache *cache, const struct owner_query *query,
		    enum owner_level level, uint64_t now_ns, struct found *found)
{
	struct process_facts *facts;
	if (found->inode == 0 || found->facts || (level < OWNER_PROCESS && is_told(query)))
		return true;
	if (!owner_cache_process(cache, found->inode, now_ns, &facts) &&
	    !owner_cache_guess(cache, found->uid, found->inode, &facts))
		return false;
	found_take_process(found, query, facts);
	return true;
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

static bool name(struct owner_cache *cache, enum owner_text kind, uint64_t id, uint64_t now_ns,
		 char *buffer, size_t room, enum owner_text *ret_kind, uint64_t *ret_id)
{
	*ret_kind = kind;
	*ret_id = id;
	return owner_cache_text(cache, kind, id, now_ns, buffer, room);
}

static void name_unit(struct owner_names *names)
{
	size_t length = 0;
	const char *unit = cgroup_unit(names->cgroup, &length);
	length = unit && length < sizeof(names->unit) ? length : 0;
	memcpy(names->unit, length ? unit : "", length);
	names->unit[length] = '\0';
}

static void tell_process(const struct process_facts *facts, struct owner *owner)
{
	owner->has_pid = true;
	owner->pid = facts->pid;
	owner->cmd = facts->cmd;
	owner->args = facts->args;
	owner->n_args = facts->n_args;
	owner->exe = facts->exe;
}

bool lookup_name(struct owner_cache *cache, const struct found *found, enum owner_level level,
		 uint64_t now_ns, struct owner_names *names, struct owner *ret_owner,
		 enum owner_text *ret_kind, uint64_t *ret_id)
{
	bool has_cgroup = level >= OWNER_SOCKET && found->cgroup_id;
	names->user[0] = names->group[0] = names->cgroup[0] = '\0';
	if (found->has_uid && !name(cache, OWNER_TEXT_USER, found->uid, now_ns, names->user,
				    sizeof(names->user), ret_kind, ret_id))
		return false;
	if (found->has_gid && !name(cache, OWNER_TEXT_GROUP, found->gid, now_ns, names->group,
				    sizeof(names->group), ret_kind, ret_id))
		return false;
	if (has_cgroup && !name(cache, OWNER_TEXT_CGROUP, found->cgroup_id, now_ns, names->cgroup,
				sizeof(names->cgroup), ret_kind, ret_id))
		return false;
	name_unit(names);
	*ret_owner = (struct owner){
		.level = level,
		.has_uid = found->has_uid,
		.has_gid = found->has_gid,
		.uid = found->uid,
		.gid = found->gid,
		.user = or_null(names->user),
		.group = or_null(names->group),
		.cgroup = or_null(names->cgroup),
		.unit = or_null(names->unit),
	};
	if (found->facts && level == OWNER_PROCESS)
		tell_process(found->facts, ret_owner);
	return true;
}
