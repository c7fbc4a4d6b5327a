/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "net/proto.h"
#include "rules/attribute.h"
#include "rules/parser.h"

/* The operator at the next token, if there is one; *ret_is_there tells. */
static int read_operator(struct parser *parser, enum expr_operator *ret_op, bool *ret_is_there)
{
	const struct token *token = &parser->token;
	*ret_is_there = true;
	if (token->kind == TOKEN_OPERATOR)
		*ret_op = token->op;
	else if (token_is_word(token, "in"))
		*ret_op = OP_IN;
	else if (token_is_word(token, "like"))
		*ret_op = OP_LIKE;
	else if (token_is_word(token, "not"))
		*ret_op = OP_NOT_IN;
	else if (token_is_word(token, "is"))
		return fault_set(parser->fault, token->offset,
				 "`is` is no operator: equality is `==`; an attribute alone is "
				 "true where it is known");
	else
		*ret_is_there = false;
	if (!*ret_is_there)
		return 0;
	int error = parser_advance(parser);
	if (error || *ret_op != OP_NOT_IN)
		return error;
	if (token_is_word(token, "like"))
		return fault_set(parser->fault, parser->previous.offset,
				 "`not like` is no operator: write `not A like B`");
	return token_is_word(token, "in") ? parser_advance(parser) : parser_missing(parser, "`in`");
}

/* `80 < rport` says the same as `rport > 80`. Some operators have no other way round. */
static int turn(struct parser *parser, const struct operand *attribute, size_t op_offset,
		enum expr_operator *op)
{
	const char *name = attribute_info(attribute->attribute)->name;
	switch (*op) {
	case OP_LT:
		*op = OP_GT;
		return 0;
	case OP_LE:
		*op = OP_GE;
		return 0;
	case OP_GT:
		*op = OP_LT;
		return 0;
	case OP_GE:
		*op = OP_LE;
		return 0;
	case OP_IN:
		*op = OP_CONTAINS;
		return 0;
	case OP_NOT_IN:
		*op = OP_NOT_CONTAINS;
		return 0;
	case OP_LIKE:
	case OP_REGEX:
		return fault_set(parser->fault, op_offset,
				 "the attribute comes first here: write `%s %s …`", name,
				 expr_operator_text(*op));
	case OP_CONTAINS:
	case OP_NOT_CONTAINS:
	case OP_EQ:
	case OP_NE:
	case OP_KNOWN:
		break;
	}
	return 0;
}

/* A value that may have been meant as the name of an attribute. */
static bool may_be_name(const struct operand *operand)
{
	return !operand->values.is_list && !operand->is_quoted && operand->values.n_values == 1 &&
	       !operand->values.values[0].is_set &&
	       isalpha((unsigned char)operand->values.values[0].text[0]);
}

/* `cmd.startswith(…)` of Python: the remedy for the attribute before the dot, or NULL. */
static const char *method_remedy(const struct expr_value *word)
{
	enum attribute attribute;
	size_t dot = strcspn(word->text, ".");
	if (dot == word->length)
		return NULL;
	if (!attribute_find(word->text, dot, &attribute))
		return NULL;
	if (attribute_info(attribute)->kind == KIND_ADDRESS)
		return "a network is written as a prefix, such as in 192.168.0.0/16";
	return attribute_is_text(attribute) ? "a part of a text is found by `like`, such as like "
					      "'*text*'"
					    : "a range is written FIRST-LAST";
}

static int refuse_unknown(struct parser *parser, const struct operand *operand)
{
	const struct expr_value *word = &operand->values.values[0];
	const char *nearest = attribute_nearest(word->text);
	struct snippet snippet = snippet_of(word->text, word->length);
	const char *remedy = method_remedy(word);
	uint8_t proto;
	if (remedy)
		return fault_set(parser->fault, word->offset,
				 "`%s`: attributes have no methods; %s", snippet.text, remedy);
	if (proto_parse(word->text, &proto) == 0)
		return fault_set(parser->fault, word->offset,
				 "`%s` is a protocol, not an attribute: write `proto == %s`",
				 snippet.text, snippet.text);
	if (nearest)
		return fault_set(parser->fault, word->offset,
				 "unknown attribute `%s`; did you mean `%s`?", snippet.text,
				 nearest);
	return fault_set(parser->fault, word->offset,
			 "unknown attribute `%s`: a test is ATTRIBUTE OPERATOR VALUE, such as "
			 "`dport == 25`",
			 snippet.text);
}

/* Neither side is an attribute: what is nearest to one was meant to be it, else the left word. */
static int refuse_values(struct parser *parser, const struct operand *left,
			 const struct operand *right)
{
	bool left_may = may_be_name(left), right_may = right && may_be_name(right);
	if (left_may && (!right_may || attribute_nearest(left->values.values[0].text)))
		return refuse_unknown(parser, left);
	if (right_may && (!left_may || attribute_nearest(right->values.values[0].text)))
		return refuse_unknown(parser, right);
	if (left_may)
		return refuse_unknown(parser, left);
	return fault_set(parser->fault, left->offset,
			 "one side of a test is an attribute, such as `dport`; here is none");
}

/* Behind an attribute without operator: it stands alone, unless a value follows. */
static int check_alone(struct parser *parser, const struct operand *left)
{
	enum token_kind kind = parser->token.kind;
	if (!left->is_attribute)
		return refuse_values(parser, left, NULL);
	if (parser_at_wrong_connective(parser))
		return 0; /* for the caller to say */
	if ((kind == TOKEN_WORD && !parser_at_connective(parser)) || kind == TOKEN_QUOTED ||
	    kind == TOKEN_SET || kind == TOKEN_LIST_OPEN)
		return parser_missing(parser, "an operator (== != < <= > >= in, not in, like, =~)");
	return 0;
}

static int check_sides(struct parser *parser, const struct operand *left,
		       const struct operand *right, size_t op_offset, enum expr_operator *op)
{
	if (left->is_attribute)
		return 0;
	if (right->is_attribute)
		return turn(parser, right, op_offset, op);
	return refuse_values(parser, left, right);
}

static struct expr *build(const struct operand *left, const struct operand *right, size_t op_offset,
			  enum expr_operator op)
{
	const struct operand *attribute = left->is_attribute ? left : right;
	struct expr *expr = expr_new(EXPR_TEST);
	if (right)
		expr->test = left->is_attribute ? right->values : left->values;
	expr->test.offset = left->offset;
	expr->test.end = right ? right->end : left->end;
	expr->test.attribute = attribute->attribute;
	expr->test.attribute_offset = attribute->offset;
	expr->test.has_element = attribute->values.has_element;
	expr->test.element = attribute->values.element;
	expr->test.op = op;
	expr->test.op_offset = op_offset;
	return expr;
}

int test_parse(struct parser *parser, struct expr **ret_expr)
{
	struct operand left, right = {0};
	enum expr_operator op = OP_KNOWN;
	bool has_operator = false;
	int error = operand_parse(parser, NULL, &left);
	if (error)
		return error;
	size_t op_offset = parser->token.offset;
	error = read_operator(parser, &op, &has_operator);
	if (!error && has_operator)
		error = operand_parse(parser, &left, &right);
	else if (!error)
		error = check_alone(parser, &left);
	if (!error && has_operator)
		error = check_sides(parser, &left, &right, op_offset, &op);
	if (error) {
		expr_test_fini(&left.values);
		expr_test_fini(&right.values);
		return error;
	}
	*ret_expr = build(&left, has_operator ? &right : NULL, op_offset, op);
	return 0;
}
