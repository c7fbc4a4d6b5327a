/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/table_state.h"

/* Before the headers of the kernel and of libnftnl, which need them. */
#include <netinet/in.h>
#include <stdio.h>

#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/object.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

#define ATTEMPTS 8

struct reading {
	const char *table;
	struct table_state *state;
};

/* The text of a user data attribute, whoever wrote it: copied up to its end or a zero byte. */
static char *read_comment(const struct nftnl_chain *chain)
{
	uint32_t length = 0;
	const uint8_t *data = nftnl_chain_get_data(chain, NFTNL_CHAIN_USERDATA, &length);
	/* Type, length, value: one byte, one byte, and as many as the length says. */
	for (uint32_t at = 0; data && at + 2 <= length; at += 2u + data[at + 1]) {
		if (at + 2u + data[at + 1] > length)
			break;
		if (data[at] == NFTNL_UDATA_CHAIN_COMMENT)
			return xstrndup((const char *)data + at + 2, data[at + 1]);
	}
	return NULL;
}

static void keep_chain(struct table_state *state, const struct nftnl_chain *chain)
{
	struct state_chain *kept;
	state->chains = array_grow(state->chains, state->n_chains, &state->chains_capacity,
				   sizeof(*state->chains));
	kept = &state->chains[state->n_chains++];
	*kept = (struct state_chain){
		.name = xstrdup(nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME)),
		.comment = read_comment(chain),
	};
	if (!nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM))
		return;
	kept->type = nftnl_chain_is_set(chain, NFTNL_CHAIN_TYPE)
			     ? xstrdup(nftnl_chain_get_str(chain, NFTNL_CHAIN_TYPE))
			     : xstrdup("");
	kept->hook = nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM);
	kept->priority = nftnl_chain_get_s32(chain, NFTNL_CHAIN_PRIO);
}

static int each_chain(const struct nlmsghdr *nlh, void *data)
{
	struct reading *reading = data;
	struct nftnl_chain *chain = nftnl_chain_alloc();
	const char *table;
	if (!chain)
		return MNL_CB_ERROR;
	if (nftnl_chain_nlmsg_parse(nlh, chain) == 0) {
		table = nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE);
		if (table && strcmp(table, reading->table) == 0 &&
		    nftnl_chain_is_set(chain, NFTNL_CHAIN_NAME))
			keep_chain(reading->state, chain);
	}
	nftnl_chain_free(chain);
	return MNL_CB_OK;
}

static int each_set(const struct nlmsghdr *nlh, void *data)
{
	struct reading *reading = data;
	struct table_state *state = reading->state;
	struct nftnl_set *set = nftnl_set_alloc();
	if (!set)
		return MNL_CB_ERROR;
	if (nftnl_set_nlmsg_parse(nlh, set) == 0 && nftnl_set_is_set(set, NFTNL_SET_NAME)) {
		state->sets = array_grow(state->sets, state->n_sets, &state->sets_capacity,
					 sizeof(*state->sets));
		state->sets[state->n_sets++] = (struct state_set){
			.name = xstrdup(nftnl_set_get_str(set, NFTNL_SET_NAME)),
			.key_type = nftnl_set_get_u32(set, NFTNL_SET_KEY_TYPE),
			.key_length = nftnl_set_get_u32(set, NFTNL_SET_KEY_LEN),
			.data_type = nftnl_set_get_u32(set, NFTNL_SET_DATA_TYPE),
			.flags = nftnl_set_get_u32(set, NFTNL_SET_FLAGS),
			.size = nftnl_set_get_u32(set, NFTNL_SET_DESC_SIZE),
		};
	}
	nftnl_set_free(set);
	return MNL_CB_OK;
}

static int each_counter(const struct nlmsghdr *nlh, void *data)
{
	struct reading *reading = data;
	struct table_state *state = reading->state;
	struct nftnl_obj *object = nftnl_obj_alloc();
	if (!object)
		return MNL_CB_ERROR;
	if (nftnl_obj_nlmsg_parse(nlh, object) == 0 && nftnl_obj_is_set(object, NFTNL_OBJ_NAME) &&
	    nftnl_obj_get_u32(object, NFTNL_OBJ_TYPE) == NFT_OBJECT_COUNTER) {
		state->counters = array_grow(state->counters, state->n_counters,
					     &state->counters_capacity, sizeof(char *));
		state->counters[state->n_counters++] =
			xstrdup(nftnl_obj_get_str(object, NFTNL_OBJ_NAME));
	}
	nftnl_obj_free(object);
	return MNL_CB_OK;
}

static int each_table(const struct nlmsghdr *nlh, void *data)
{
	struct table_state *state = data;
	struct nftnl_table *table = nftnl_table_alloc();
	if (!table)
		return MNL_CB_ERROR;
	if (nftnl_table_nlmsg_parse(nlh, table) == 0)
		state->flags = nftnl_table_get_u32(table, NFTNL_TABLE_FLAGS);
	nftnl_table_free(table);
	return MNL_CB_OK;
}

static int read_table(struct mnl_socket *socket, struct reading *reading, struct nl_error *error)
{
	char buffer[512] __attribute__((aligned(8))) = {0};
	struct nlmsghdr *nlh = nftnl_nlmsg_build_hdr(buffer, NFT_MSG_GETTABLE, NFPROTO_INET, 0, 0);
	struct nftnl_table *object = nftnl_table_alloc();
	if (!object)
		return -ENOMEM;
	nftnl_table_set_str(object, NFTNL_TABLE_NAME, reading->table);
	nftnl_table_nlmsg_build_payload(nlh, object);
	nftnl_table_free(object);
	return nl_request(socket, nlh, each_table, reading->state, error);
}

static int read_chains(struct mnl_socket *socket, struct reading *reading, struct nl_error *error)
{
	char buffer[512] __attribute__((aligned(8))) = {0};
	struct nlmsghdr *nlh =
		nftnl_nlmsg_build_hdr(buffer, NFT_MSG_GETCHAIN, NFPROTO_INET, NLM_F_DUMP, 0);
	return nl_request(socket, nlh, each_chain, reading, error);
}

static int read_sets(struct mnl_socket *socket, struct reading *reading, struct nl_error *error)
{
	char buffer[512] __attribute__((aligned(8))) = {0};
	struct nlmsghdr *nlh =
		nftnl_nlmsg_build_hdr(buffer, NFT_MSG_GETSET, NFPROTO_INET, NLM_F_DUMP, 0);
	struct nftnl_set *object = nftnl_set_alloc();
	if (!object)
		return -ENOMEM;
	nftnl_set_set_str(object, NFTNL_SET_TABLE, reading->table);
	nftnl_set_nlmsg_build_payload(nlh, object);
	nftnl_set_free(object);
	return nl_request(socket, nlh, each_set, reading, error);
}

static int read_counters(struct mnl_socket *socket, struct reading *reading, struct nl_error *error)
{
	char buffer[512] __attribute__((aligned(8))) = {0};
	struct nlmsghdr *nlh =
		nftnl_nlmsg_build_hdr(buffer, NFT_MSG_GETOBJ, NFPROTO_INET, NLM_F_DUMP, 0);
	struct nftnl_obj *object = nftnl_obj_alloc();
	if (!object)
		return -ENOMEM;
	nftnl_obj_set_str(object, NFTNL_OBJ_TABLE, reading->table);
	nftnl_obj_nlmsg_build_payload(nlh, object);
	nftnl_obj_free(object);
	return nl_request(socket, nlh, each_counter, reading, error);
}

static int read_once(const char *table, struct table_state *state, struct nl_error *error)
{
	struct reading reading = {.table = table, .state = state};
	struct mnl_socket *socket = nl_open(NETLINK_NETFILTER);
	int result;
	if (!socket) {
		result = -errno;
		if (error)
			*error = (struct nl_error){.code = result};
		return result;
	}
	result = read_table(socket, &reading, error);
	state->exists = result == 0;
	if (result == 0)
		result = read_chains(socket, &reading, error);
	if (result == 0)
		result = read_sets(socket, &reading, error);
	if (result == 0)
		result = read_counters(socket, &reading, error);
	mnl_socket_close(socket);
	return result;
}

int table_state_read(const char *table, struct table_state *ret_state, struct nl_error *error)
{
	struct table_state state = {0};
	int result = -EINTR;
	/* EINTR: somebody changed the ruleset between two parts of a dump. */
	for (int attempt = 0; attempt < ATTEMPTS && result == -EINTR; attempt++) {
		table_state_fini(&state);
		state = (struct table_state){0};
		result = read_once(table, &state, error);
	}
	if (result != 0) {
		table_state_fini(&state);
		state = (struct table_state){0};
	}
	/* ENOENT: not there, or gone meanwhile. */
	if (result != 0 && result != -ENOENT) {
		if (error && !error->what)
			error->what = "read table";
		return result;
	}
	*ret_state = state;
	return 0;
}

void table_state_fini(struct table_state *state)
{
	for (size_t i = 0; i < state->n_chains; i++) {
		free(state->chains[i].name);
		free(state->chains[i].comment);
		free(state->chains[i].type);
	}
	for (size_t i = 0; i < state->n_sets; i++)
		free(state->sets[i].name);
	for (size_t i = 0; i < state->n_counters; i++)
		free(state->counters[i]);
	free(state->counters);
	free(state->chains);
	free(state->sets);
}

const struct state_chain *table_state_chain(const struct table_state *state, const char *name)
{
	for (size_t i = 0; i < state->n_chains; i++)
		if (strcmp(state->chains[i].name, name) == 0)
			return &state->chains[i];
	return NULL;
}

const struct state_set *table_state_set(const struct table_state *state, const char *name)
{
	for (size_t i = 0; i < state->n_sets; i++)
		if (strcmp(state->sets[i].name, name) == 0)
			return &state->sets[i];
	return NULL;
}
