/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an installed table tells: the ids that it carries and its counters. */
#include "kernel/table.h"

/* Before the headers of the kernel and of libnftnl, which need them. */
#include <netinet/in.h>

#include <errno.h>
#include <libnftnl/common.h>
#include <libnftnl/object.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <string.h>

#include "kernel/table_build.h"
#include "kernel/table_state.h"
#include "nfshaper/mark.h"
#include "util/text.h"

#define ID_MAX ((1u << NFSHAPER_MASK_BITS_MAX) - 1)

/*
 * Reads the name of a chain and its comment as build_id_chain() wrote them. False where they are
 * anything else: the table may have been edited by hand. The name is put into `class_name`.
 */
static bool parse_id_chain(const struct state_chain *chain, struct outcome *ret_outcome,
			   char *class_name, size_t room)
{
	const size_t prefix = strlen(TABLE_ID_CHAIN);
	const char *comment = chain->comment, *classid;
	struct outcome outcome = {0};
	uint64_t id;
	unsigned major, minor;
	int end = 0;
	if (strncmp(chain->name, TABLE_ID_CHAIN, prefix) != 0 || !comment ||
	    text_to_u64(chain->name + prefix, ID_MAX, &id) != 0 || id == 0)
		return false;
	outcome.id = (uint32_t)id;
	outcome.name = class_name;
	if (strcmp(comment, "drop") == 0 || strcmp(comment, "reject") == 0) {
		if (outcome_kind_parse(comment, &outcome.kind) != 0)
			return false;
		snprintf(class_name, room, "%s", comment);
		*ret_outcome = outcome;
		return true;
	}
	classid = strrchr(comment, ' ');
	if (strncmp(comment, "class ", 6) != 0 || !classid || classid <= comment + 6)
		return false;
	if (sscanf(classid, " %4x:%4x%n", &major, &minor, &end) != 2 || classid[end] ||
	    major != NFSHAPER_HTB_MAJOR || minor < NFSHAPER_HTB_FIRST)
		return false;
	outcome.kind = OUTCOME_CLASS;
	outcome.minor = (uint16_t)minor;
	snprintf(class_name, room, "%.*s", (int)(classid - comment - 6), comment + 6);
	*ret_outcome = outcome;
	return true;
}

/* Two chains cannot give one id or one name two meanings: the first found is kept. */
static bool is_known(const struct ids *ids, const struct outcome *outcome)
{
	for (size_t i = 0; i < ids->count; i++)
		if (ids->items[i].id == outcome->id ||
		    (outcome->minor && ids->items[i].minor == outcome->minor))
			return true;
	return ids_find(ids, outcome->kind, outcome->name) != NULL;
}

int table_read_ids(struct ids *ids)
{
	struct table_state state;
	int result = table_state_read(NFSHAPER_TABLE, &state, NULL);
	if (result)
		return result;
	for (size_t i = 0; i < state.n_chains; i++) {
		char name[NFT_USERDATA_MAXLEN];
		struct outcome outcome;
		if (!state.chains[i].type &&
		    parse_id_chain(&state.chains[i], &outcome, name, sizeof(name)) &&
		    !is_known(ids, &outcome))
			ids_add(ids, &outcome);
	}
	table_state_fini(&state);
	return 0;
}

static int each_counter(const struct nlmsghdr *nlh, void *data)
{
	uint64_t *packets = data;
	struct nftnl_obj *object = nftnl_obj_alloc();
	if (!object)
		return MNL_CB_ERROR;
	if (nftnl_obj_nlmsg_parse(nlh, object) == 0)
		*packets = nftnl_obj_get_u64(object, NFTNL_OBJ_CTR_PKTS);
	nftnl_obj_free(object);
	return MNL_CB_OK;
}

static int read_counter(struct mnl_socket *socket, const char *counter, uint64_t *ret_packets)
{
	char buffer[512] __attribute__((aligned(8))) = {0};
	struct nlmsghdr *nlh = nftnl_nlmsg_build_hdr(buffer, NFT_MSG_GETOBJ, NFPROTO_INET, 0, 0);
	struct nftnl_obj *object = nftnl_obj_alloc();
	if (!object)
		return -ENOMEM;
	nftnl_obj_set_str(object, NFTNL_OBJ_TABLE, NFSHAPER_TABLE);
	nftnl_obj_set_str(object, NFTNL_OBJ_NAME, counter);
	nftnl_obj_set_u32(object, NFTNL_OBJ_TYPE, NFT_OBJECT_COUNTER);
	nftnl_obj_nlmsg_build_payload(nlh, object);
	nftnl_obj_free(object);
	return nl_request(socket, nlh, each_counter, ret_packets, NULL);
}

int table_read_counters(struct table_counters *ret_counters)
{
	struct table_counters counters = {0};
	struct mnl_socket *socket = nl_open(NETLINK_NETFILTER);
	int result;
	if (!socket)
		return -errno;
	result = read_counter(socket, TABLE_COUNTER_EXEMPT, &counters.exempt);
	if (result == 0)
		result = read_counter(socket, TABLE_COUNTER_UNTRACKED, &counters.untracked);
	if (result == 0)
		result = read_counter(socket, TABLE_COUNTER_UNDECIDED, &counters.undecided);
	mnl_socket_close(socket);
	if (result == 0)
		*ret_counters = counters;
	return result;
}
