/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A pyshaper.conf in memory. The way through the files:
 *
 *   import_lines.c    bytes -> statements: comments taken off, broken lines joined
 *   import_read.c     statements -> this model; all that is wrong is reported here
 *   import_expr.c     a test, in Python's syntax -> an expression of ours
 *   import_classes.c  a class's rates and name, as rules.yaml can have them
 *   import_rules.c    static rules, and the order of all
 *   import_print.c    the model -> rules.yaml
 *
 * Facts about the format, from pyshaper 0.1.1: `#` begins a comment everywhere, also in quotes; a
 * backslash joins the next line; rates are kbit/s of 1024 bits and may have decimals; the last
 * statement of several counts, but for tests, which are ORed; a class with one of raddr, rport,
 * lport is `static` and comes before all tests.
 */
#ifndef CLI_IMPORT_MODEL_H
#define CLI_IMPORT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/source.h"
#include "util/diag.h"

/* What pyshaper took where the file does not say. */
#define IMPORT_LINE_BPS (UINT64_C(1024) * 1024 * 1024)
#define IMPORT_PRIORITY 1
#define IMPORT_DEFAULT_CLASS "default"

#define IMPORT_INTERFACES_MAX 64u
#define IMPORT_CLASSES_MAX 250u /* so that the ids fit the mark mask that is the default */

/* Lines without `#`: the user's own, and our notes. */
struct import_comments {
	char **lines;
	size_t count;
	size_t capacity;
};

void import_comment_add(struct import_comments *comments, const char *text, size_t length);
/* A note of ours on what could not be kept as it was. */
void import_note(struct import_comments *comments, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Moves all lines to the end of another list. */
void import_comments_move(struct import_comments *to, struct import_comments *from);
void import_comments_fini(struct import_comments *comments);

/* A piece of a statement that is the same in the file, from this place on. */
struct import_run {
	size_t offset;
	unsigned line;
	unsigned column;
};

/* `KEY VALUE`, on one line. */
struct import_statement {
	const char *file; /* borrowed */
	char *text;
	size_t length;
	size_t capacity;
	size_t value_offset;
	struct import_run *runs; /* sorted; the first is at 0 */
	size_t n_runs;
	size_t runs_capacity;
	struct import_comments comments; /* above it, and behind it */
};

struct place import_place(const struct import_statement *statement, size_t offset);
void import_statement_fini(struct import_statement *statement);

struct import_lines {
	const struct source *source;
	size_t next;
	struct import_comments pending; /* comments since the last statement */
};

/*
 * The next statement: 1; 0 at the end; -EINVAL with an error in *diags. The caller frees it with
 * import_statement_fini() in the first case only.
 */
int import_lines_next(struct import_lines *lines, struct import_statement *ret_statement,
		      struct diags *diags);

struct import_rate {
	uint64_t bps; /* 0: not in the file */
	unsigned line;
};

struct import_rule {
	char *expression; /* ours */
	char *problem;    /* why it cannot be used as it is, or NULL */
	bool has_or;      /* outside of parentheses */
	bool asks_country;
	struct import_comments comments;
};

struct import_class {
	char *name;
	char *final_name; /* in rules.yaml */
	struct import_class
		*merged_into; /* that of another interface, which is printed; or itself */
	struct import_comments comments;
	struct import_rate out_rate;
	struct import_rate out_ceil;
	struct import_rate in;
	unsigned priority; /* as it was: any number */
	unsigned priority_line;
	char *raddr; /* of the static rule, or NULL */
	char *laddr;
	unsigned rport; /* 0: none */
	unsigned lport;
	struct import_rule *rules; /* the tests */
	size_t n_rules;
	size_t rules_capacity;
	struct import_rule fixed; /* the static rule, made by import_order_rules() */
	unsigned rules_printed;
};

struct import_interface {
	char *name;
	struct import_comments comments;
	struct import_rate out;
	struct import_rate in;
	struct import_class **classes; /* in the file's order */
	size_t n_classes;
	size_t classes_capacity;
};

struct import_model {
	struct import_comments comments; /* of the whole file */
	struct import_comments rest;     /* at its end */
	struct import_interface **interfaces;
	size_t n_interfaces;
	size_t interfaces_capacity;
	size_t n_classes;
};

/* Reads all statements. 0, or -EINVAL with errors; the caller ends with import_model_fini(). */
int import_read(const struct source *source, struct import_model *model, struct diags *diags);
void import_model_fini(struct import_model *model);

/*
 * Translates the test that is the statement's value into *ret_rule: one that no expression of ours
 * can say, or that this version refuses, has its `problem`. -EINVAL with an error where it was not
 * right in pyshaper either.
 */
int import_expression(const struct import_statement *statement, struct import_rule *ret_rule,
		      struct diags *diags);

void import_rule_fini(struct import_rule *rule);

/* Fills in `problem` where this version does not take the expression, and `asks_country`. */
void import_rule_check(struct import_rule *rule);

/* A rule with what it belongs to; all borrowed from the model. */
struct import_entry {
	const struct import_interface *interface;
	struct import_class *class;
	struct import_rule *rule;
};

/* All rules in the order that they are tried in. The caller frees the array. */
struct import_entry *import_order_rules(struct import_model *model, size_t *ret_count);

/* What comes in by the interface was limited in some way. */
bool import_shapes_in(const struct import_interface *interface);
uint64_t import_line_bps(const struct import_rate *rate);

/*
 * Gives every class its name in rules.yaml: those that are the same on several interfaces become
 * one, those that differ get the interface's name too. Adds notes to the classes.
 */
void import_name_classes(struct import_model *model);

/* `{priority: 1, out: …}`; notes on what had to change go to `notes`. The caller frees it. */
char *import_class_body(const struct import_model *model, const struct import_interface *interface,
			const struct import_class *class, struct import_comments *notes);

#define IMPORT_RATE_TEXT_MAX 40
/* `409.6kbit`, exact; the result is `buffer`, of IMPORT_RATE_TEXT_MAX. */
const char *import_rate_text(uint64_t bps, char *buffer);

void import_print(struct import_model *model, const char *source_name, FILE *out);

#endif
