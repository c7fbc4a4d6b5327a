/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of the table in the kernel. What is in it: table_build.c; how it is said: table_send.c.
 *
 * An installation looks at what is there and makes one transaction of the difference in chains,
 * sets and counters and of all rules and elements. The base chains of an earlier run stay, because
 * packets may wait behind their hooks; a table that cannot be taken over is deleted and made anew in
 * the same transaction.
 */
#include "kernel/table.h"

/* Before the headers of the kernel and of libnftnl, which need them. */
#include <netinet/in.h>

#include <errno.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>

#include "kernel/table_build.h"
#include "kernel/table_model.h"
#include "kernel/table_send.h"
#include "kernel/table_state.h"
#include "nfshaper/mark.h"

static int commit(struct nl_batch *batch, struct nl_error *error)
{
	struct mnl_socket *socket = nl_open(NETLINK_NETFILTER);
	int result;
	if (!socket) {
		result = -errno;
		if (error)
			*error = (struct nl_error){.code = result, .what = "open netlink socket"};
		return result;
	}
	result = nl_batch_commit(batch, socket, NFNL_SUBSYS_NFTABLES, error);
	mnl_socket_close(socket);
	return result;
}

static bool texts_equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool chain_compatible(const struct state_chain *there, const struct table_chain *wanted)
{
	if (!there)
		return true;
	if (!wanted->hook)
		return !there->type;
	return there->type && strcmp(there->type, "filter") == 0 &&
	       there->hook == wanted->hook->number && there->priority == wanted->hook->priority;
}

static bool set_compatible(const struct state_set *there, const struct table_set *wanted)
{
	uint32_t key_length, data_length, key, data;
	if (!there)
		return true;
	key = table_type_number(wanted->key, &key_length);
	data = table_type_number(wanted->data, &data_length);
	if (there->size && there->size < wanted->size)
		return false;
	return there->key_type == key && there->key_length == key_length &&
	       there->data_type == data && there->flags == (data ? NFT_SET_MAP : 0);
}

static bool can_take_over(const struct table_state *state, const struct table_model *model)
{
	if (state->flags)
		return false;
	for (size_t i = 0; i < model->n_chains; i++)
		if (!chain_compatible(table_state_chain(state, model->chains[i]->name),
				      model->chains[i]))
			return false;
	for (size_t i = 0; i < model->n_sets; i++)
		if (!set_compatible(table_state_set(state, model->sets[i]->name), model->sets[i]))
			return false;
	return true;
}

static const struct table_chain *model_chain(const struct table_model *model, const char *name)
{
	for (size_t i = 0; i < model->n_chains; i++)
		if (strcmp(model->chains[i]->name, name) == 0)
			return model->chains[i];
	return NULL;
}

static bool model_has_set(const struct table_model *model, const char *name)
{
	for (size_t i = 0; i < model->n_sets; i++)
		if (strcmp(model->sets[i]->name, name) == 0)
			return true;
	return false;
}

static bool model_has_counter(const struct table_model *model, const char *name)
{
	for (size_t i = 0; i < model->n_counters; i++)
		if (strcmp(model->counters[i], name) == 0)
			return true;
	return false;
}

/* A regular chain that can stay. A comment cannot be changed, only the chain be made anew. */
static bool chain_stays(const struct state_chain *there, const struct table_chain *wanted)
{
	return there && wanted && texts_equal(there->comment, wanted->comment);
}

/* Empties what is there and removes what is no longer wanted, all but base chains. */
static void send_clearance(struct nl_batch *batch, const struct table_state *state,
			   const struct table_model *model)
{
	table_send_flush_rules(batch, model->name, NULL);
	for (size_t i = 0; i < state->n_sets; i++) {
		const char *name = state->sets[i].name;
		if (model_has_set(model, name))
			table_send_flush_set(batch, model->name, name);
		else
			table_send_delete_set(batch, model->name, name);
	}
	for (size_t i = 0; i < state->n_chains; i++) {
		const struct state_chain *there = &state->chains[i];
		if (!there->type && !chain_stays(there, model_chain(model, there->name)))
			table_send_delete_chain(batch, model->name, there->name);
	}
	for (size_t i = 0; i < state->n_counters; i++)
		if (!model_has_counter(model, state->counters[i]))
			table_send_delete_counter(batch, model->name, state->counters[i]);
}

/* Chains before elements and rules, which refer to them; sets before rules. */
static void send_contents(struct nl_batch *batch, const struct table_state *state,
			  const struct table_model *model)
{
	for (size_t i = 0; i < model->n_counters; i++)
		table_send_counter(batch, model->name, model->counters[i]);
	for (size_t i = 0; i < model->n_chains; i++) {
		const struct table_chain *chain = model->chains[i];
		if (chain->hook || !chain_stays(table_state_chain(state, chain->name), chain))
			table_send_chain(batch, model->name, chain);
	}
	for (size_t i = 0; i < model->n_sets; i++) {
		if (!table_state_set(state, model->sets[i]->name))
			table_send_set(batch, model->name, model->sets[i]);
		table_send_elements(batch, model->name, model->sets[i]);
	}
	for (size_t i = 0; i < model->n_chains; i++)
		table_send_rules(batch, model->name, model->chains[i]);
}

/* One transaction: over what is there, or, where that cannot be taken over, instead of it. */
static int install(const struct table_model *model, const struct table_state *state, bool take_over,
		   struct nl_error *error)
{
	static const struct table_state nothing = {0};
	struct nl_batch *batch = nl_batch_new();
	int result;
	if (state->exists && !take_over)
		table_send_delete_table(batch, model->name);
	table_send_table(batch, model->name);
	if (state->exists && take_over)
		send_clearance(batch, state, model);
	send_contents(batch, take_over ? state : &nothing, model);
	result = commit(batch, error);
	nl_batch_free(batch);
	return result;
}

static int check_comments(const struct table_model *model, struct nl_error *error)
{
	for (size_t i = 0; i < model->n_chains; i++) {
		const char *comment = model->chains[i]->comment;
		if (!comment || strlen(comment) < NFTNL_UDATA_COMMENT_MAXLEN)
			continue;
		if (error) {
			*error = (struct nl_error){.code = -ENAMETOOLONG, .what = "add chain"};
			snprintf(error->message, sizeof(error->message), "%s: too long for nft",
				 comment);
		}
		return -ENAMETOOLONG;
	}
	return 0;
}

static int mismatch(int code, const char *what, const char *name, struct nl_error *error)
{
	if (error) {
		*error = (struct nl_error){.code = code, .what = "looking at the table"};
		snprintf(error->message, sizeof(error->message), "%s %s", what, name);
	}
	return code;
}

/*
 * A table that the user has loaded: what names the ids and carries the packets has to be there.
 * Rules and elements are not compared.
 */
static int check_manual(const struct table_state *state, const struct table_model *model,
			struct nl_error *error)
{
	if (!state->exists)
		return mismatch(-ENOENT, "there is no table inet", model->name, error);
	for (size_t i = 0; i < model->n_chains; i++) {
		const struct table_chain *wanted = model->chains[i];
		const struct state_chain *there = table_state_chain(state, wanted->name);
		if (!there || !chain_compatible(there, wanted) ||
		    !texts_equal(there->comment, wanted->comment))
			return mismatch(-ESTALE, there ? "it differs in chain" : "it lacks chain",
					wanted->name, error);
	}
	for (size_t i = 0; i < model->n_sets; i++)
		if (!table_state_set(state, model->sets[i]->name))
			return mismatch(-ESTALE, "it lacks set", model->sets[i]->name, error);
	return 0;
}

int table_install(const struct plan *plan, enum queue_path path, struct nl_error *error)
{
	struct table_state state;
	struct table_model *model;
	bool take_over;
	int result = table_state_read(NFSHAPER_TABLE, &state, error);
	if (result)
		return result;
	model = table_build(plan, path);
	result = check_comments(model, error);
	if (result == 0 && plan->manual_table) {
		result = check_manual(&state, model, error);
	} else if (result == 0) {
		take_over = can_take_over(&state, model);
		result = install(model, &state, take_over, error);
		/* Something in it that cannot be seen from outside, such as a foreign reference. */
		if (state.exists && take_over && (result == -EEXIST || result == -EBUSY))
			result = install(model, &state, false, error);
	}
	table_model_free(model);
	table_state_fini(&state);
	return result;
}

int table_stop_queueing(struct nl_error *error)
{
	struct nl_batch *batch = nl_batch_new();
	int result;
	for (const char *const *chain = table_queue_chains; *chain; chain++)
		table_send_flush_rules(batch, NFSHAPER_TABLE, *chain);
	result = commit(batch, error);
	nl_batch_free(batch);
	return result == -ENOENT ? 0 : result;
}

int table_remove(struct nl_error *error)
{
	struct nl_batch *batch = nl_batch_new();
	int result;
	table_send_delete_table(batch, NFSHAPER_TABLE);
	result = commit(batch, error);
	nl_batch_free(batch);
	return result == -ENOENT ? 0 : result;
}
