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

/* Behind the prefix of a chain's name: its id, or 0. */
static uint32_t parse_id(const char *chain, const char *prefix)
{
	uint64_t id;
	if (strncmp(chain, prefix, strlen(prefix)) != 0 ||
	    text_to_u64(chain + strlen(prefix), ID_MAX, &id) != 0)
		return 0;
	return (uint32_t)id;
}

/* The text behind the word in the comment, or NULL. */
static const char *behind_word(const char *comment, enum outcome_kind kind)
{
	const char *word = outcome_kind_text(kind);
	size_t length = strlen(word);
	return strncmp(comment, word, length) == 0 && comment[length] == ' ' && comment[length + 1]
		       ? comment + length + 1
		       : NULL;
}

/* `web 1:11`: the class's name and its minor. */
static bool parse_class(const char *text, struct outcome *outcome, char *name, size_t room)
{
	const char *classid = strrchr(text, ' ');
	unsigned major, minor;
	int end = 0;
	if (!classid || classid == text ||
	    sscanf(classid, " %4x:%4x%n", &major, &minor, &end) != 2 || classid[end] ||
	    major != NFSHAPER_HTB_MAJOR || minor < NFSHAPER_HTB_FIRST)
		return false;
	outcome->minor = (uint16_t)minor;
	snprintf(name, room, "%.*s", (int)(classid - text), text);
	/* The first leaf is class default's, and no other's. */
	return (strcmp(name, NFSHAPER_CLASS_DEFAULT) == 0) == (minor == NFSHAPER_HTB_FIRST);
}

/*
 * Reads the name of a chain and its comment as table_build.c wrote them. False where they are
 * anything else: the table may have been edited by hand. The name is put into `name`.
 */
static bool parse_id_chain(const struct state_chain *chain, struct outcome *ret_outcome, char *name,
			   size_t room)
{
	static const enum outcome_kind classes[] = {OUTCOME_CLASS, OUTCOME_QUEUED};
	struct outcome outcome = {.id = parse_id(chain->name, TABLE_ID_CHAIN), .name = name};
	const char *comment = chain->comment, *text;
	bool is_right = false;
	if (!comment)
		return false;
	if (!outcome.id) {
		outcome.id = parse_id(chain->name, TABLE_CALL_CHAIN);
		outcome.kind = OUTCOME_CALL;
		text = behind_word(comment, OUTCOME_CALL);
		snprintf(name, room, "%s", text ? text : "");
		is_right = outcome.id && text;
	} else if (strcmp(comment, "drop") == 0 || strcmp(comment, "reject") == 0) {
		snprintf(name, room, "%s", comment);
		is_right = outcome_kind_parse(comment, &outcome.kind) == 0;
	}
	for (size_t i = 0; !is_right && outcome.kind == OUTCOME_CLASS && i < 2; i++) {
		text = behind_word(comment, classes[i]);
		if (!text)
			continue;
		outcome.kind = classes[i];
		is_right = parse_class(text, &outcome, name, room);
		break;
	}
	if (is_right)
		*ret_outcome = outcome;
	return is_right;
}

/* Two chains cannot give one id or one name two meanings: the first found is kept. */
static bool is_known(const struct ids *ids, const struct outcome *outcome)
{
	for (size_t i = 0; i < ids->count; i++)
		if (ids->items[i].id == outcome->id ||
		    (outcome->minor && ids->items[i].kind == outcome->kind &&
		     ids->items[i].minor == outcome->minor))
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

struct figures {
	uint64_t packets;
	uint64_t bytes;
};

static int each_counter(const struct nlmsghdr *nlh, void *data)
{
	struct figures *figures = data;
	struct nftnl_obj *object = nftnl_obj_alloc();
	if (!object)
		return MNL_CB_ERROR;
	if (nftnl_obj_nlmsg_parse(nlh, object) == 0) {
		figures->packets = nftnl_obj_get_u64(object, NFTNL_OBJ_CTR_PKTS);
		figures->bytes = nftnl_obj_get_u64(object, NFTNL_OBJ_CTR_BYTES);
	}
	nftnl_obj_free(object);
	return MNL_CB_OK;
}

static int read_counter(struct mnl_socket *socket, const char *counter, struct figures *ret_figures)
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
	return nl_request(socket, nlh, each_counter, ret_figures, NULL);
}

/* As many counters as there are names. */
static int read_counters(const char *const *names, size_t count, struct figures *ret_figures)
{
	struct mnl_socket *socket = nl_open(NETLINK_NETFILTER);
	int result = socket ? 0 : -errno;
	for (size_t i = 0; !result && i < count; i++)
		result = read_counter(socket, names[i], &ret_figures[i]);
	if (socket)
		mnl_socket_close(socket);
	return result;
}

int table_read_counters(struct table_counters *ret_counters)
{
	static const char *const names[] = {TABLE_COUNTER_EXEMPT, TABLE_COUNTER_UNTRACKED,
					    TABLE_COUNTER_UNDECIDED};
	struct figures figures[3] = {0};
	int result = read_counters(names, 3, figures);
	if (result == 0)
		*ret_counters = (struct table_counters){
			figures[0].packets, figures[1].packets, figures[2].packets};
	return result;
}

int table_read_police(size_t interface, uint16_t minor, struct table_police_stats *ret_stats)
{
	char passed[TABLE_POLICE_COUNTER_MAX], drops[TABLE_POLICE_COUNTER_MAX];
	const char *names[] = {table_police_counter("passed", interface, minor, passed),
			       table_police_counter("drops", interface, minor, drops)};
	struct figures figures[2] = {0};
	int result = read_counters(names, 1, figures);
	if (result)
		return result;
	/* A class whose ceil is the line's drops nothing itself. */
	if (read_counters(names + 1, 1, figures + 1))
		figures[1] = (struct figures){0};
	*ret_stats = (struct table_police_stats){figures[0].bytes, figures[0].packets,
						 figures[1].packets};
	return 0;
}

int table_read_police_line(size_t interface, uint64_t *ret_drops)
{
	char drops[TABLE_POLICE_COUNTER_MAX];
	const char *name = table_police_counter("drops", interface, NFSHAPER_HTB_LINE, drops);
	struct figures figures = {0};
	int result = read_counters(&name, 1, &figures);
	if (!result)
		*ret_drops = figures.packets;
	return result;
}
