/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The messages of which a transaction on a table consists. Each function appends one or more of
 * them to the batch; nothing is sent before nl_batch_commit(). `table` is the table's name, the
 * family is always inet.
 */
#ifndef KERNEL_TABLE_SEND_H
#define KERNEL_TABLE_SEND_H

#include "kernel/table_model.h"
#include "net/nlbatch.h"

/* Adds the table; where it is there, it stays. */
void table_send_table(struct nl_batch *batch, const char *table);
void table_send_counter(struct nl_batch *batch, const char *table, const char *counter);
/* Adds a set or map without its elements. */
void table_send_set(struct nl_batch *batch, const char *table, const struct table_set *set);
void table_send_elements(struct nl_batch *batch, const char *table, const struct table_set *set);
/* Adds the chain without its rules. A base chain that is there stays (-EEXIST at the commit where
 * its hook or priority differ). */
void table_send_chain(struct nl_batch *batch, const char *table, const struct table_chain *chain);
/* Appends the rules of the chain. */
void table_send_rules(struct nl_batch *batch, const char *table, const struct table_chain *chain);

void table_send_delete_table(struct nl_batch *batch, const char *table);
void table_send_delete_chain(struct nl_batch *batch, const char *table, const char *chain);
void table_send_delete_counter(struct nl_batch *batch, const char *table, const char *counter);
void table_send_delete_set(struct nl_batch *batch, const char *table, const char *set);
/* Removes the rules of one chain, of all where it is NULL. */
void table_send_flush_rules(struct nl_batch *batch, const char *table, const char *chain);
void table_send_flush_set(struct nl_batch *batch, const char *table, const char *set);

/* The numbers by which kernel and nft know a type; `ret_length` in bytes. */
uint32_t table_type_number(enum table_type type, uint32_t *ret_length);

#endif
