/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Most of Python's tests are our expressions as they are. These are written otherwise:
 *
 *   rport in (80, 443)        rport in [80, 443]
 *   rport in range(80, 90)    rport in [80-89]
 *   1024 < rport < 2048       (1024 < rport and rport < 2048)
 *   cc is None                not cc
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/import_operand.h"
#include "rules/condition.h"
#include "util/alloc.h"

enum comparison { IS, IS_NOT, IN, NOT_IN, OTHER };

struct relation {
	enum comparison kind;
	char text[8];
};

static bool at_word(const struct translator *translator, const char *word)
{
	return translator->token.kind == IMPORT_NAME && import_token_is(&translator->token, word);
}

static bool is_equality(const struct relation *relation)
{
	return strcmp(relation->text, "==") == 0 || strcmp(relation->text, "!=") == 0;
}

/* False where there is none. */
static bool take_relation(struct translator *translator, struct relation *ret_relation)
{
	struct relation relation = {.kind = OTHER};
	const struct import_token token = translator->token;
	if (token.kind == IMPORT_COMPARISON)
		snprintf(relation.text, sizeof(relation.text), "%.*s", (int)token.length,
			 import_token_is(&token, "<>") ? "!=" : token.text);
	else if (at_word(translator, "in"))
		relation = (struct relation){IN, "in"};
	else if (at_word(translator, "not"))
		relation = (struct relation){NOT_IN, "not in"};
	else if (at_word(translator, "is"))
		relation = (struct relation){IS, "=="};
	else
		return false;
	translator_advance(translator);
	if (relation.kind == IS && at_word(translator, "not")) {
		relation = (struct relation){IS_NOT, "!="};
		translator_advance(translator);
	}
	*ret_relation = relation;
	return true;
}

static int test_none(struct translator *translator, const struct relation *relation,
		     const struct import_operand *other, char **ret_text)
{
	if (other->kind != IMPORT_ATTRIBUTE || !is_equality(relation))
		return translator_unable(translator, "None can only be compared with a name");
	*ret_text = xasprintf("%s%s", relation->text[0] == '=' ? "not " : "", other->text);
	return 0;
}

static int test_membership(struct translator *translator, const struct import_operand *left,
			   const struct relation *relation, const struct import_operand *right,
			   char **ret_text)
{
	if (right->kind == IMPORT_LIST) {
		*ret_text = xasprintf("%s %s %s", left->text, relation->text, right->text);
		return 0;
	}
	if (right->kind != IMPORT_ATTRIBUTE)
		return translator_unable(translator, "the values behind `in` have to be a list");
	if (!left->is_string || right->attribute->type == IMPORT_ADDRESS ||
	    right->attribute->type == IMPORT_INTEGER)
		return translator_unable(translator, "a part of `%s` cannot be tested",
					 right->text);
	*ret_text = xasprintf("%s %s %s", left->text, relation->text, right->text);
	return 0;
}

static int test_pair(struct translator *translator, const struct import_operand *left,
		     const struct relation *relation, const struct import_operand *right,
		     char **ret_text)
{
	bool is_membership = relation->kind == IN || relation->kind == NOT_IN;
	if (left->kind == IMPORT_CONDITION || right->kind == IMPORT_CONDITION)
		return translator_unable(translator, "the result of a test cannot be compared");
	if (right->kind == IMPORT_NONE)
		return test_none(translator, relation, left, ret_text);
	if (left->kind == IMPORT_NONE)
		return test_none(translator, relation, right, ret_text);
	if (relation->kind == IS || relation->kind == IS_NOT)
		return translator_unable(translator, "`is` has no equivalent here");
	if (left->kind == IMPORT_ATTRIBUTE && right->kind == IMPORT_ATTRIBUTE)
		return translator_unable(translator, "`%s` and `%s` cannot be compared", left->text,
					 right->text);
	if (left->kind != IMPORT_ATTRIBUTE && right->kind != IMPORT_ATTRIBUTE)
		return translator_unable(translator, "two values need no rule to be compared");
	if (is_membership)
		return test_membership(translator, left, relation, right, ret_text);
	if (left->kind == IMPORT_LIST || right->kind == IMPORT_LIST)
		return translator_unable(translator, "a whole list cannot be compared");
	*ret_text = xasprintf("%s %s %s", left->text, relation->text, right->text);
	return 0;
}

/* One more comparison: its right side is the next one's left. */
static int take_pair(struct translator *translator, const struct relation *relation,
		     struct import_operand *left, FILE *out)
{
	struct import_operand right;
	char *text = NULL;
	if (relation->kind == NOT_IN && !at_word(translator, "in"))
		return translator_unexpected(translator, "`in`");
	if (relation->kind == NOT_IN)
		translator_advance(translator);
	int error = translate_operand(translator, &right);
	if (error)
		return error;
	error = test_pair(translator, left, relation, &right, &text);
	if (!error)
		fputs(text, out);
	free(text);
	free(left->text);
	*left = right;
	return error;
}

static FILE *open_text(char **text, size_t *length)
{
	FILE *out = open_memstream(text, length);
	if (!out)
		abort(); /* as xcalloc() does */
	return out;
}

/* Python's comparisons go on: a < b < c. */
static int take_comparison(struct translator *translator, struct import_operand *ret_operand)
{
	struct import_operand left;
	struct relation relation;
	unsigned count = 0;
	size_t length;
	char *chain = NULL;
	int error = translate_operand(translator, &left);
	if (error)
		return error;
	FILE *out = open_text(&chain, &length);
	for (; !error && take_relation(translator, &relation); count++) {
		fputs(count ? " and " : "", out);
		error = take_pair(translator, &relation, &left, out);
	}
	fclose(out);
	if (!error && count == 0) {
		*ret_operand = left;
		free(chain);
		return 0;
	}
	if (!error)
		*ret_operand = (struct import_operand){
			.kind = IMPORT_CONDITION,
			.text = xasprintf(count > 1 ? "(%s)" : "%s", chain),
		};
	free(left.text);
	free(chain);
	return error;
}

/* What stands alone: a name is true where it is known. */
static int check_alone(struct translator *translator, const struct import_operand *operand)
{
	if (operand->kind == IMPORT_CONDITION || operand->kind == IMPORT_ATTRIBUTE)
		return 0;
	return translator_unable(translator, "`%s` alone asks nothing",
				 snippet_of(operand->text, strlen(operand->text)).text);
}

static int take_not(struct translator *translator, struct import_operand *ret_operand)
{
	struct import_operand operand;
	unsigned count = 0;
	for (; at_word(translator, "not"); count++)
		translator_advance(translator);
	int error = take_comparison(translator, &operand);
	if (error)
		return error;
	if (count > 0) {
		error = check_alone(translator, &operand);
		if (error) {
			free(operand.text);
			return error;
		}
		/* Two of them are none. */
		char *text = xasprintf("%s%s", count % 2 ? "not " : "", operand.text);
		free(operand.text);
		operand = (struct import_operand){.kind = IMPORT_CONDITION, .text = text};
	}
	*ret_operand = operand;
	return 0;
}

/* A chain of and, or of or: `take` reads what is between them. */
static int take_chain(struct translator *translator, const char *word,
		      int (*take)(struct translator *, struct import_operand *),
		      struct import_operand *ret_operand)
{
	struct import_operand operand;
	size_t length;
	char *chain = NULL;
	int error = take(translator, &operand);
	if (error || !at_word(translator, word)) {
		if (!error)
			*ret_operand = operand;
		return error;
	}
	FILE *out = open_text(&chain, &length);
	for (;;) {
		error = check_alone(translator, &operand);
		fputs(operand.text, out);
		free(operand.text);
		if (error || !at_word(translator, word))
			break;
		fprintf(out, " %s ", word);
		translator_advance(translator);
		error = take(translator, &operand);
		if (error)
			break;
	}
	fclose(out);
	if (error) {
		free(chain);
		return error;
	}
	*ret_operand = (struct import_operand){
		.kind = IMPORT_CONDITION,
		.text = chain,
		.has_or = strcmp(word, "or") == 0,
	};
	return 0;
}

static int translate_and(struct translator *translator, struct import_operand *ret_operand)
{
	return take_chain(translator, "and", take_not, ret_operand);
}

int translate_or(struct translator *translator, struct import_operand *ret_operand)
{
	return take_chain(translator, "or", translate_and, ret_operand);
}

void import_rule_check(struct import_rule *rule)
{
	struct fault fault = {0};
	struct condition *condition = condition_new(rule->expression, &fault);
	if (!condition && !rule->problem)
		rule->problem = xstrdup(fault.message);
	rule->asks_country = condition && (condition_find(condition, ATTR_CC) ||
					   condition_find(condition, ATTR_COUNTRY));
	condition_free(condition);
	fault_fini(&fault);
}

int import_expression(const struct import_statement *statement, struct import_rule *ret_rule,
		      struct diags *diags)
{
	struct import_operand whole;
	struct translator translator = {
		.statement = statement,
		.text = statement->text + statement->value_offset,
		.diags = diags,
	};
	struct import_rule rule = {0};
	translator_advance(&translator);
	int error = translate_or(&translator, &whole);
	if (!error) {
		rule.expression = whole.text;
		rule.has_or = whole.has_or;
		error = check_alone(&translator, &whole);
		if (!error && translator.token.kind != IMPORT_END)
			error = translator_unexpected(&translator, "`and`, `or` or the end");
	}
	if (error == -ENOTSUP) {
		/* Shown as it was written, for whoever rewrites it. */
		free(rule.expression);
		rule.expression = xstrdup(translator.text);
		rule.problem = translator.problem;
	} else if (error) {
		import_rule_fini(&rule);
		return error;
	} else {
		import_rule_check(&rule);
	}
	*ret_rule = rule;
	return 0;
}
