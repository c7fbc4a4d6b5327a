/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "cli/import_model.h"
#include "config/report.h"
#include "config/units.h"
#include "rules/fault.h"
#include "util/alloc.h"
#include "util/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NUMBER "0123456789"
#define NOT_IN_NAMES ",:/'\"`[]{}()" /* of classes; and an interface's may become a part of one */
#define CLASS_NAME_MAX 40            /* an interface's name may be put before it */

/* What one statement is about, while it is being read. */
struct subject {
	struct import_model *model;
	struct import_statement *statement;
	const char *value;
	struct import_interface *interface;
	struct import_class *class; /* NULL: the interface itself */
	struct diags *diags;
};

#define REFUSE(subject, offset, ...)                                                               \
	(report_error((subject)->diags, import_place((subject)->statement, (offset)),              \
		      __VA_ARGS__),                                                                \
	 -EINVAL)
#define REFUSE_VALUE(subject, ...) REFUSE(subject, (subject)->statement->value_offset, __VA_ARGS__)

/* The statement's own place, and whether there was one before it. */
static unsigned take_line(const struct subject *subject, unsigned *line)
{
	unsigned earlier = *line;
	*line = subject->statement->runs[0].line;
	return earlier;
}

static void note_repetition(const struct subject *subject, unsigned earlier,
			    struct import_comments *comments)
{
	if (earlier)
		import_note(comments, "%s was in line %u before: the last one counts",
			    subject->statement->text, earlier);
}

static struct import_comments *comments_of(const struct subject *subject)
{
	return subject->class ? &subject->class->comments : &subject->interface->comments;
}

/* kbit/s of 1024 bits, with decimals; whole bits, as pyshaper told tc(8). */
static int read_rate(const struct subject *subject, struct import_rate *rate)
{
	const char *text = subject->value;
	size_t whole = strspn(text, NUMBER);
	size_t length = whole + (text[whole] == '.' ? 1 + strspn(text + whole + 1, NUMBER) : 0);
	if (text[0] == '=')
		return REFUSE_VALUE(subject,
				    "between `%s` and its value stand blanks: remove the `=`",
				    subject->statement->text);
	if (text[length] != '\0' || (length == 1 && !whole) || !length)
		return REFUSE_VALUE(subject,
				    "`%s` is not a rate: it is a number of kbit/s, "
				    "such as 128 or 12.5",
				    SHOWN(text));
	double bps = strtod(text, NULL) * 1024;
	if (bps < 1)
		return REFUSE_VALUE(subject, "a rate is above zero: leave the line out "
					     "where there is no limit");
	if (bps > (double)UNITS_RATE_MAX_BPS)
		return REFUSE_VALUE(subject, "`%s` is too large for kbit/s", SHOWN(text));
	rate->bps = (uint64_t)bps;
	note_repetition(subject, take_line(subject, &rate->line), comments_of(subject));
	return 0;
}

static int read_priority(const struct subject *subject)
{
	struct import_class *class = subject->class;
	uint64_t number;
	if (text_to_u64(subject->value, UINT32_MAX, &number))
		return REFUSE_VALUE(subject,
				    "`%s` is not a priority: it is a whole "
				    "number, 0 comes first",
				    SHOWN(subject->value));
	class->priority = (unsigned)number;
	note_repetition(subject, take_line(subject, &class->priority_line), &class->comments);
	return 0;
}

static int read_port(const struct subject *subject, unsigned *port)
{
	uint64_t number;
	if (text_to_u64(subject->value, UINT16_MAX, &number) || number == 0)
		return REFUSE_VALUE(subject, "`%s` is not a port number (1–65535)",
				    SHOWN(subject->value));
	*port = (unsigned)number;
	return 0;
}

static int read_address(const struct subject *subject, char **address)
{
	if (strpbrk(subject->value, " \t"))
		return REFUSE_VALUE(subject, "`%s` is not one address", SHOWN(subject->value));
	free(*address);
	*address = xstrdup(subject->value);
	return 0;
}

/* What no rule settles is in the class default; pyshaper tested nothing for it. */
static void note_useless(const struct subject *subject)
{
	import_note(&subject->class->comments, "not kept, as pyshaper never looked at it: %s %s",
		    subject->statement->text, subject->value);
}

static bool is_static(const char *key)
{
	return strcmp(key, "raddr") == 0 || strcmp(key, "rport") == 0 ||
	       strcmp(key, "laddr") == 0 || strcmp(key, "lport") == 0;
}

/* A test's comments go with its rule, all others with their class or interface. */
static int read_test(const struct subject *subject)
{
	struct import_class *class = subject->class;
	struct import_rule rule = {0};
	int error = import_expression(subject->statement, &rule, subject->diags);
	if (error)
		return error;
	import_comments_move(&rule.comments, &subject->statement->comments);
	if (strcmp(class->name, IMPORT_DEFAULT_CLASS) == 0) {
		import_comments_move(&class->comments, &rule.comments);
		note_useless(subject);
		import_rule_fini(&rule);
		return 0;
	}
	class->rules = array_grow(class->rules, class->n_rules, &class->rules_capacity,
				  sizeof(*class->rules));
	class->rules[class->n_rules++] = rule;
	return 0;
}

static const char *const class_keys[] = {"pri",  "priority", "in",    "out.rate", "out.ceil",
					 "test", "raddr",    "rport", "laddr",    "lport"};

static int read_class_setting(const struct subject *subject, const char *key)
{
	struct import_class *class = subject->class;
	const char *nearest;
	if (strcmp(key, "test") == 0)
		return read_test(subject);
	import_comments_move(&class->comments, &subject->statement->comments);
	if (strcmp(key, "pri") == 0 || strcmp(key, "priority") == 0)
		return read_priority(subject);
	if (strcmp(key, "in") == 0)
		return read_rate(subject, &class->in);
	if (strcmp(key, "out.rate") == 0)
		return read_rate(subject, &class->out_rate);
	if (strcmp(key, "out.ceil") == 0)
		return read_rate(subject, &class->out_ceil);
	if (strcmp(class->name, IMPORT_DEFAULT_CLASS) == 0 && is_static(key)) {
		note_useless(subject);
		return 0;
	}
	if (strcmp(key, "raddr") == 0)
		return read_address(subject, &class->raddr);
	if (strcmp(key, "laddr") == 0)
		return read_address(subject, &class->laddr);
	if (strcmp(key, "rport") == 0)
		return read_port(subject, &class->rport);
	if (strcmp(key, "lport") == 0)
		return read_port(subject, &class->lport);
	nearest = text_nearest(key, class_keys, COUNT(class_keys));
	if (nearest)
		return REFUSE(subject, 0, "unknown setting `%s` of a class; did you mean `%s`?",
			      SHOWN(key), nearest);
	return REFUSE(subject, 0,
		      "unknown setting `%s` of a class: it is one of pri, in, "
		      "out.rate, out.ceil, test, raddr, rport, lport",
		      SHOWN(key));
}

static int read_interface_setting(const struct subject *subject, const char *key)
{
	struct import_interface *interface = subject->interface;
	import_comments_move(&interface->comments, &subject->statement->comments);
	if (strcmp(key, "in") == 0)
		return read_rate(subject, &interface->in);
	if (strcmp(key, "out") == 0)
		return read_rate(subject, &interface->out);
	if (strcmp(key, "ip") == 0) {
		import_note(&interface->comments,
			    "%s %s is not needed: an interface is known by its name",
			    subject->statement->text, subject->value);
		return 0;
	}
	return REFUSE(subject, 0,
		      "unknown setting `%s` of an interface: it is in, out, ip, or one "
		      "of a class, such as `%s.CLASS.pri`",
		      SHOWN(key), interface->name);
}

static int find_interface(struct subject *subject, const char *name, size_t length)
{
	struct import_model *model = subject->model;
	for (size_t i = 0; i < model->n_interfaces; i++) {
		subject->interface = model->interfaces[i];
		if (strlen(subject->interface->name) == length &&
		    memcmp(subject->interface->name, name, length) == 0)
			return 0;
	}
	if (length == 0 || length >= IFNAMSIZ || strcspn(name, NOT_IN_NAMES) < length)
		return REFUSE(subject, 0,
			      "`%s` cannot be an interface: a name has 1 to %d bytes, "
			      "without quotes, brackets, `,`, `:` and `/`",
			      snippet_of(name, length).text, IFNAMSIZ - 1);
	if (model->n_interfaces == IMPORT_INTERFACES_MAX)
		return REFUSE(subject, 0, "more than %u interfaces: import the file in parts",
			      IMPORT_INTERFACES_MAX);
	subject->interface = xcalloc(1, sizeof(*subject->interface));
	subject->interface->name = xstrndup(name, length);
	model->interfaces = array_grow(model->interfaces, model->n_interfaces,
				       &model->interfaces_capacity, sizeof(*model->interfaces));
	model->interfaces[model->n_interfaces++] = subject->interface;
	return 0;
}

static int check_class_name(const struct subject *subject, const char *name, size_t length)
{
	size_t offset = strlen(subject->interface->name) + 1;
	if ((length == 2 && memcmp(name, "in", 2) == 0) ||
	    (length == 3 && memcmp(name, "out", 3) == 0))
		return REFUSE(subject, offset,
			      "`%s` cannot be a class: the class's name is missing, as "
			      "in `%s.CLASS.%s`",
			      snippet_of(name, length).text, subject->interface->name, name);
	if (length > 0 && length <= CLASS_NAME_MAX && strcspn(name, NOT_IN_NAMES) >= length)
		return 0;
	return REFUSE(subject, offset,
		      "`%s` cannot be a class here: a name has 1 to %d bytes, without "
		      "quotes, brackets, `,`, `:` and `/`",
		      snippet_of(name, length).text, CLASS_NAME_MAX);
}

static int find_class(struct subject *subject, const char *name, size_t length)
{
	struct import_interface *interface = subject->interface;
	for (size_t i = 0; i < interface->n_classes; i++) {
		subject->class = interface->classes[i];
		if (strlen(subject->class->name) == length &&
		    memcmp(subject->class->name, name, length) == 0)
			return 0;
	}
	subject->class = NULL;
	int error = check_class_name(subject, name, length);
	if (error)
		return error;
	if (subject->model->n_classes++ == IMPORT_CLASSES_MAX)
		return REFUSE(subject, 0, "more than %u classes: import the file in parts",
			      IMPORT_CLASSES_MAX);
	subject->class = xcalloc(1, sizeof(*subject->class));
	subject->class->name = xstrndup(name, length);
	subject->class->priority = IMPORT_PRIORITY;
	interface->classes = array_grow(interface->classes, interface->n_classes,
					&interface->classes_capacity, sizeof(*interface->classes));
	interface->classes[interface->n_classes++] = subject->class;
	return 0;
}

/* period, and what pyshaper's window kept in the file. */
static int read_global(struct subject *subject)
{
	const char *key = subject->statement->text;
	uint64_t number;
	bool is_period = strcmp(key, "period") == 0;
	if (!is_period && strcmp(key, "guiwidth") != 0 && strcmp(key, "guiheight") != 0)
		return REFUSE(subject, 0,
			      "unknown setting `%s`: it is `period`, or begins with an "
			      "interface, such as `eth0.out`",
			      SHOWN(key));
	if (text_to_u64(subject->value, UINT32_MAX, &number))
		return REFUSE_VALUE(subject, "`%s` is not a whole number, such as 30",
				    SHOWN(subject->value));
	import_comments_move(&subject->model->comments, &subject->statement->comments);
	if (is_period)
		import_note(&subject->model->comments,
			    "`period %s` is not needed: a connection is decided on its first "
			    "packet",
			    subject->value);
	return 0;
}

static int read_statement(struct subject *subject)
{
	const char *key = subject->statement->text;
	const char *dot = strchr(key, '.');
	if (!dot)
		return read_global(subject);
	int error = find_interface(subject, key, (size_t)(dot - key));
	if (error)
		return error;
	const char *rest = dot + 1;
	const char *second = strchr(rest, '.');
	if (!second)
		return read_interface_setting(subject, rest);
	error = find_class(subject, rest, (size_t)(second - rest));
	return error ? error : read_class_setting(subject, second + 1);
}

int import_read(const struct source *source, struct import_model *model, struct diags *diags)
{
	struct import_lines lines = {.source = source};
	struct import_statement statement;
	size_t errors = diags->errors;
	for (;;) {
		int more = import_lines_next(&lines, &statement, diags);
		if (more == 0)
			break;
		if (more < 0)
			continue;
		struct subject subject = {
			.model = model,
			.statement = &statement,
			.value = statement.text + statement.value_offset,
			.diags = diags,
		};
		read_statement(&subject);
		import_statement_fini(&statement);
	}
	import_comments_move(&model->rest, &lines.pending);
	return diags->errors > errors ? -EINVAL : 0;
}
