/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole table, as text for nft; the words of its rules are in test_table_words.c. No root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/table.h"
#include "kernel/table_build.h"
#include "nfshaper/mark.h"

static const struct table_chain *chain_of(const struct table_model *model, const char *name)
{
	for (size_t i = 0; i < model->n_chains; i++)
		if (strcmp(model->chains[i]->name, name) == 0)
			return model->chains[i];
	fail_msg("no chain %s", name);
	return NULL;
}

static struct plan a_plan(struct outcome *outcomes, size_t count)
{
	return (struct plan){.mark_mask = 0xff000000,
			     .ids = {.items = outcomes, .count = count},
			     .queue_first = 100,
			     .workers = 3,
			     .fail_open = false};
}

/* The last worker takes what the others left: no hash value is without a queue. */
static void test_workers(void **state)
{
	struct outcome outcomes[] = {{1, OUTCOME_CLASS, (char *)"default", 0x10}};
	struct plan plan = a_plan(outcomes, 1);
	struct table_model *model = table_build(&plan, QUEUE_NATIVE);
	const struct table_chain *ask = chain_of(model, "ask");
	(void)state;
	assert_int_equal(ask->n_rules, 3);
	assert_string_equal(ask->rules[0]->text, "symhash mod 3 0 queue to 100");
	assert_string_equal(ask->rules[1]->text, "symhash mod 3 1 queue to 101");
	assert_string_equal(ask->rules[2]->text, "queue to 102");
	/* Behind these, the queues of segments. */
	const struct table_chain *segments = chain_of(model, "ask_segments");
	assert_int_equal(segments->n_rules, 3);
	assert_string_equal(segments->rules[0]->text, "symhash mod 3 0 queue to 103");
	assert_string_equal(segments->rules[2]->text, "queue to 105");
	table_model_free(model);
	plan.workers = 1;
	model = table_build(&plan, QUEUE_NATIVE);
	ask = chain_of(model, "ask");
	assert_int_equal(ask->n_rules, 1);
	assert_string_equal(ask->rules[0]->text, "queue to 100");
	table_model_free(model);
}

/* For any mask: what is written is inside it, what is kept is all outside it. */
static void test_masks(void **state)
{
	struct outcome outcomes[] = {{1, OUTCOME_CLASS, (char *)"default", 0x10},
				     {9, OUTCOME_CLASS, (char *)"a b", 0xfff},
				     {15, OUTCOME_REJECT, (char *)"reject", 0}};
	struct plan plan = a_plan(outcomes, 3);
	(void)state;
	for (unsigned bits = NFSHAPER_MASK_BITS_MIN; bits <= NFSHAPER_MASK_BITS_MAX; bits++) {
		for (unsigned shift = 0; shift + bits <= 32; shift++) {
			uint32_t keep, mark;
			plan.mark_mask = ((1u << bits) - 1) << shift;
			struct table_model *model = table_build(&plan, QUEUE_COMPAT);
			for (size_t i = 0; i < 3; i++) {
				char name[16];
				snprintf(name, sizeof(name), "id_%u", outcomes[i].id);
				const struct table_chain *chain = chain_of(model, name);
				assert_int_equal(sscanf(chain->rules[0]->text,
							"ct mark set ct mark & %x | %x", &keep,
							&mark),
						 2);
				assert_int_equal(keep, ~plan.mark_mask);
				assert_int_equal(mark, outcomes[i].id << shift);
				assert_int_equal(mark & keep, 0);
			}
			table_model_free(model);
		}
	}
}

static void test_print(void **state)
{
	struct outcome outcomes[] = {{1, OUTCOME_CLASS, (char *)"default", 0x10},
				     {7, OUTCOME_DROP, (char *)"drop", 0}};
	struct plan plan = a_plan(outcomes, 2);
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	(void)state;
	table_print(&plan, QUEUE_NATIVE, out);
	fclose(out);
	assert_memory_equal(text, "table inet nfshaper {\n", 22);
	assert_non_null(strstr(text, "\tmap refused {\n\t\ttype mark : verdict\n\t\tsize 256\n"
				     "\t\telements = { 0x07000000 : goto refuse_drop }\n\t}\n"));
	assert_non_null(strstr(text, "\t\telements = { 6e67:1 : goto undecided,\n"));
	assert_non_null(strstr(text, "\t\t\t     6e66:1 : goto id_1,\n"
				     "\t\t\t     6e66:7 : goto id_7,\n"));
	assert_non_null(strstr(text, "\tset shaped {\n\t\ttype ifname\n\t\tsize 1024\n\t}\n"));
	assert_non_null(strstr(text, "\tchain id_1 {\n\t\tcomment \"class default 1:10\"\n"));
	assert_non_null(strstr(text, "\tchain id_7 {\n\t\tcomment \"drop\"\n"));
	assert_non_null(strstr(text, "\t\ttype filter hook forward priority 10; policy accept;\n"
				     "\t\tct mark & 0xff000000 @settled accept\n"
				     "\t\tudp dport >= 548 ip daddr <= 223.255.255.255 "
				     "ct mark & 0xff000000 == 0x00000000 ct status ! confirmed "
				     "meta priority set 6e67:1 goto ask\n"
				     "\t\tmeta l4proto != tcp jump exempt\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_workers),
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_print),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
