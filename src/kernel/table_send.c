/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/table_send.h"

/* Before the headers of the kernel and of libnftnl, which need them. */
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>

#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

/* One attribute holds them all and cannot exceed 64 KiB: an element takes less than 100 bytes. */
#define ELEMENTS_PER_MESSAGE 512

/* enum datatypes and enum byteorder of nft. */
#define NFT_TYPE_MARK 19
#define NFT_TYPE_CLASSID 23
#define NFT_TYPE_IFNAME 41
#define NFT_BYTEORDER_INVALID 0
#define NFT_BYTEORDER_HOST 1

/* libnftnl's objects are small: without memory for one nothing can go on. */
static void *must(void *object)
{
	if (!object)
		abort();
	return object;
}

static struct nlmsghdr *begin(struct nl_batch *batch, const char *what, uint16_t type,
			      uint16_t flags)
{
	return nftnl_nlmsg_build_hdr(nl_batch_next(batch, what), type, NFPROTO_INET, flags, 0);
}

uint32_t table_type_number(enum table_type type, uint32_t *ret_length)
{
	uint32_t number = 0, length = 0;
	switch (type) {
	case TABLE_TYPE_NONE:
		break;
	case TABLE_TYPE_MARK:
		number = NFT_TYPE_MARK;
		length = sizeof(uint32_t);
		break;
	case TABLE_TYPE_CLASSID:
		number = NFT_TYPE_CLASSID;
		length = sizeof(uint32_t);
		break;
	case TABLE_TYPE_IFNAME:
		number = NFT_TYPE_IFNAME;
		length = IFNAMSIZ;
		break;
	case TABLE_TYPE_VERDICT:
		number = NFT_DATA_VERDICT;
		length = sizeof(uint32_t);
		break;
	}
	*ret_length = length;
	return number;
}

static void table_message(struct nl_batch *batch, const char *what, uint16_t type, uint16_t flags,
			  const char *table)
{
	struct nftnl_table *object = must(nftnl_table_alloc());
	nftnl_table_set_str(object, NFTNL_TABLE_NAME, table);
	nftnl_table_nlmsg_build_payload(begin(batch, what, type, flags), object);
	nftnl_table_free(object);
}

void table_send_table(struct nl_batch *batch, const char *table)
{
	table_message(batch, "add table", NFT_MSG_NEWTABLE, NLM_F_CREATE, table);
}

void table_send_delete_table(struct nl_batch *batch, const char *table)
{
	table_message(batch, "delete table", NFT_MSG_DELTABLE, 0, table);
}

void table_send_counter(struct nl_batch *batch, const char *table, const char *counter)
{
	struct nftnl_obj *object = must(nftnl_obj_alloc());
	nftnl_obj_set_str(object, NFTNL_OBJ_TABLE, table);
	nftnl_obj_set_str(object, NFTNL_OBJ_NAME, counter);
	nftnl_obj_set_u32(object, NFTNL_OBJ_TYPE, NFT_OBJECT_COUNTER);
	nftnl_obj_set_u64(object, NFTNL_OBJ_CTR_PKTS, 0);
	nftnl_obj_set_u64(object, NFTNL_OBJ_CTR_BYTES, 0);
	nftnl_obj_nlmsg_build_payload(begin(batch, "add counter", NFT_MSG_NEWOBJ, NLM_F_CREATE),
				      object);
	nftnl_obj_free(object);
}

void table_send_delete_counter(struct nl_batch *batch, const char *table, const char *counter)
{
	struct nftnl_obj *object = must(nftnl_obj_alloc());
	nftnl_obj_set_str(object, NFTNL_OBJ_TABLE, table);
	nftnl_obj_set_str(object, NFTNL_OBJ_NAME, counter);
	nftnl_obj_set_u32(object, NFTNL_OBJ_TYPE, NFT_OBJECT_COUNTER);
	nftnl_obj_nlmsg_build_payload(begin(batch, "delete counter", NFT_MSG_DELOBJ, 0), object);
	nftnl_obj_free(object);
}

/* nft prints a set by what it left here about it. */
static void describe_set(struct nftnl_set *object, enum table_type data)
{
	struct nftnl_udata_buf *notes = must(nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN));
	nftnl_udata_put_u32(notes, NFTNL_UDATA_SET_KEYBYTEORDER, NFT_BYTEORDER_HOST);
	if (data != TABLE_TYPE_NONE)
		nftnl_udata_put_u32(notes, NFTNL_UDATA_SET_DATABYTEORDER,
				    data == TABLE_TYPE_VERDICT ? NFT_BYTEORDER_INVALID
							       : NFT_BYTEORDER_HOST);
	nftnl_set_set_data(object, NFTNL_SET_USERDATA, nftnl_udata_buf_data(notes),
			   nftnl_udata_buf_len(notes));
	nftnl_udata_buf_free(notes);
}

static struct nftnl_set *set_object(const char *table, const char *name)
{
	struct nftnl_set *object = must(nftnl_set_alloc());
	nftnl_set_set_u32(object, NFTNL_SET_FAMILY, NFPROTO_INET);
	nftnl_set_set_str(object, NFTNL_SET_TABLE, table);
	nftnl_set_set_str(object, NFTNL_SET_NAME, name);
	return object;
}

void table_send_set(struct nl_batch *batch, const char *table, const struct table_set *set)
{
	static uint32_t set_id;
	struct nftnl_set *object = set_object(table, set->name);
	uint32_t length, number = table_type_number(set->key, &length);
	nftnl_set_set_u32(object, NFTNL_SET_KEY_TYPE, number);
	nftnl_set_set_u32(object, NFTNL_SET_KEY_LEN, length);
	/* The kernel wants one, unique within the transaction. */
	nftnl_set_set_u32(object, NFTNL_SET_ID, ++set_id);
	if (set->data != TABLE_TYPE_NONE) {
		number = table_type_number(set->data, &length);
		nftnl_set_set_u32(object, NFTNL_SET_FLAGS, NFT_SET_MAP);
		nftnl_set_set_u32(object, NFTNL_SET_DATA_TYPE, number);
		nftnl_set_set_u32(object, NFTNL_SET_DATA_LEN, length);
	}
	if (set->size)
		nftnl_set_set_u32(object, NFTNL_SET_DESC_SIZE, set->size);
	describe_set(object, set->data);
	nftnl_set_nlmsg_build_payload(begin(batch, "add set", NFT_MSG_NEWSET, NLM_F_CREATE),
				      object);
	nftnl_set_free(object);
}

static struct nftnl_set_elem *element_object(const struct table_set *set,
					     const struct table_element *element)
{
	struct nftnl_set_elem *object = must(nftnl_set_elem_alloc());
	if (element->name) {
		char padded[IFNAMSIZ] = {0};
		memcpy(padded, element->name, strnlen(element->name, sizeof(padded) - 1));
		nftnl_set_elem_set(object, NFTNL_SET_ELEM_KEY, padded, sizeof(padded));
	} else {
		nftnl_set_elem_set_u32(object, NFTNL_SET_ELEM_KEY, element->key);
	}
	if (element->chain) {
		nftnl_set_elem_set_u32(object, NFTNL_SET_ELEM_VERDICT, (uint32_t)NFT_GOTO);
		nftnl_set_elem_set_str(object, NFTNL_SET_ELEM_CHAIN, element->chain);
	} else if (set->data != TABLE_TYPE_NONE) {
		nftnl_set_elem_set_u32(object, NFTNL_SET_ELEM_DATA, element->value);
	}
	return object;
}

void table_send_elements(struct nl_batch *batch, const char *table, const struct table_set *set)
{
	for (size_t i = 0; i < set->n_elements;) {
		struct nftnl_set *object = set_object(table, set->name);
		for (size_t n = 0; n < ELEMENTS_PER_MESSAGE && i < set->n_elements; n++, i++)
			nftnl_set_elem_add(object, element_object(set, &set->elements[i]));
		nftnl_set_elems_nlmsg_build_payload(
			begin(batch, "add elements", NFT_MSG_NEWSETELEM, NLM_F_CREATE), object);
		nftnl_set_free(object);
	}
}

void table_send_delete_set(struct nl_batch *batch, const char *table, const char *set)
{
	struct nftnl_set *object = set_object(table, set);
	nftnl_set_nlmsg_build_payload(begin(batch, "delete set", NFT_MSG_DELSET, 0), object);
	nftnl_set_free(object);
}

void table_send_flush_set(struct nl_batch *batch, const char *table, const char *set)
{
	struct nftnl_set *object = set_object(table, set);
	nftnl_set_elems_nlmsg_build_payload(begin(batch, "flush set", NFT_MSG_DELSETELEM, 0),
					    object);
	nftnl_set_free(object);
}

static struct nftnl_chain *chain_object(const char *table, const char *name)
{
	struct nftnl_chain *object = must(nftnl_chain_alloc());
	nftnl_chain_set_str(object, NFTNL_CHAIN_TABLE, table);
	nftnl_chain_set_str(object, NFTNL_CHAIN_NAME, name);
	return object;
}

static void comment_chain(struct nftnl_chain *object, const char *comment)
{
	struct nftnl_udata_buf *notes = must(nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN));
	nftnl_udata_put_strz(notes, NFTNL_UDATA_CHAIN_COMMENT, comment);
	nftnl_chain_set_data(object, NFTNL_CHAIN_USERDATA, nftnl_udata_buf_data(notes),
			     nftnl_udata_buf_len(notes));
	nftnl_udata_buf_free(notes);
}

void table_send_chain(struct nl_batch *batch, const char *table, const struct table_chain *chain)
{
	struct nftnl_chain *object = chain_object(table, chain->name);
	if (chain->hook) {
		nftnl_chain_set_str(object, NFTNL_CHAIN_TYPE, "filter");
		nftnl_chain_set_u32(object, NFTNL_CHAIN_HOOKNUM, chain->hook->number);
		nftnl_chain_set_s32(object, NFTNL_CHAIN_PRIO, chain->hook->priority);
		nftnl_chain_set_u32(object, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	}
	if (chain->comment)
		comment_chain(object, chain->comment);
	nftnl_chain_nlmsg_build_payload(begin(batch, "add chain", NFT_MSG_NEWCHAIN, NLM_F_CREATE),
					object);
	nftnl_chain_free(object);
}

void table_send_delete_chain(struct nl_batch *batch, const char *table, const char *chain)
{
	struct nftnl_chain *object = chain_object(table, chain);
	nftnl_chain_nlmsg_build_payload(begin(batch, "delete chain", NFT_MSG_DELCHAIN, 0), object);
	nftnl_chain_free(object);
}

void table_send_rules(struct nl_batch *batch, const char *table, const struct table_chain *chain)
{
	for (size_t i = 0; i < chain->n_rules; i++) {
		struct nftnl_rule *object = chain->rules[i]->nl;
		nftnl_rule_set_u32(object, NFTNL_RULE_FAMILY, NFPROTO_INET);
		nftnl_rule_set_str(object, NFTNL_RULE_TABLE, table);
		nftnl_rule_set_str(object, NFTNL_RULE_CHAIN, chain->name);
		nftnl_rule_nlmsg_build_payload(
			begin(batch, "add rule", NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND),
			object);
	}
}

void table_send_flush_rules(struct nl_batch *batch, const char *table, const char *chain)
{
	struct nftnl_rule *object = must(nftnl_rule_alloc());
	nftnl_rule_set_str(object, NFTNL_RULE_TABLE, table);
	if (chain)
		nftnl_rule_set_str(object, NFTNL_RULE_CHAIN, chain);
	nftnl_rule_nlmsg_build_payload(begin(batch, "flush rules", NFT_MSG_DELRULE, 0), object);
	nftnl_rule_free(object);
}
