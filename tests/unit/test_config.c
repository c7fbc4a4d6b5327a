/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Walks over tests/config: NN-name.yaml is loaded, and compared are
 *
 *   NN-name.err   a wrong file: all that is printed
 *   NN-name.warn  a good file: the warnings, where there are any
 *   NN-name.ok    a good file: what was read, in numbers (dump() below)
 *
 * The source folder is argv[1], or $srcdir, or the present one.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"
#include "net/proto.h"
#include "util/alloc.h"

#define WRONG_FILES_MIN 35
#define GOOD_FILES_MIN 8

static const char *const leaf_names[] = {"auto", "fq_codel", "cake", "sfq", "pfifo"};
static const char *const action_names[] = {"class", "accept", "drop", "reject"};

static void dump_general(const struct config *config, FILE *out)
{
	char buffer[ADDR_PORT_TEXT_MAX], proto[PROTO_TEXT_MAX];
	fprintf(out, "mark-mask 0x%08x line %u\n", config->mark_mask, config->mark_mask_at.line);
	fprintf(out, "geoip %s\n", config->geoip ? config->geoip : "-");
	for (size_t i = 0; i < config->n_local; i++)
		fprintf(out, "local %s\n", prefix_text(&config->local[i], buffer));
	for (size_t i = 0; i < config->n_management; i++) {
		const struct config_management *service = &config->management[i];
		fprintf(out, "management %s/%u", proto_text(service->proto, proto), service->port);
		fprintf(out, "%s%s\n", service->has_from ? " from " : "",
			service->has_from ? prefix_text(&service->from, buffer) : "");
	}
	fprintf(out, "queue first %u workers %u length %u %s\n", config->queue.first,
		config->queue.workers, config->queue.length,
		config->queue.fail_open ? "open" : "closed");
}

static void dump_class(const struct config *config, const struct config_class *class, FILE *out)
{
	fprintf(out, "class %s%s line %u priority %u\n", class->name,
		class->is_implicit ? " (implicit)" : "", class->at.line, class->priority);
	for (size_t i = 0; i < config->n_interfaces; i++) {
		const struct config_interface *interface = &config->interfaces[i];
		struct class_rates rates = config_class_out(class, interface->out_bps);
		if (interface->out_bps)
			fprintf(out, "  %s out rate %ju ceil %ju\n", interface->name,
				(uintmax_t)rates.rate_bps, (uintmax_t)rates.ceil_bps);
		rates = config_class_in(class, interface->in_bps);
		if (interface->in_bps)
			fprintf(out, "  %s in rate %ju ceil %ju\n", interface->name,
				(uintmax_t)rates.rate_bps, (uintmax_t)rates.ceil_bps);
	}
}

static void dump_rule(const struct config *config, const struct config_rule *rule, FILE *out)
{
	const struct config_text *condition = &rule->condition;
	struct place end = config_text_place(condition, strlen(condition->text));
	fprintf(out, "rule %s line %u %s %s\n", rule->name, rule->at.line,
		action_names[rule->action], config->classes[rule->class_index].name);
	fprintf(out, "  if at %u:%u to %u:%u ", condition->at.line, condition->at.column, end.line,
		end.column);
	for (const char *byte = condition->text; *byte; byte++)
		fputc(*byte == '\n' ? '|' : *byte, out);
	fputc('\n', out);
}

static void dump(const struct config *config, FILE *out)
{
	dump_general(config, out);
	for (size_t i = 0; i < config->n_interfaces; i++) {
		const struct config_interface *interface = &config->interfaces[i];
		fprintf(out, "interface %s line %u out %ju in %ju leaf %s%s\n", interface->name,
			interface->at.line, (uintmax_t)interface->out_bps,
			(uintmax_t)interface->in_bps, leaf_names[interface->leaf],
			interface->replace ? " replace" : "");
	}
	for (size_t i = 0; i < config->n_classes; i++)
		dump_class(config, &config->classes[i], out);
	for (size_t i = 0; i < config->n_rules; i++)
		dump_rule(config, &config->rules[i], out);
}

/* What one file gives. */
struct outcome_texts {
	char *diagnostics;
	char *numbers; /* NULL where it was wrong */
};

static struct outcome_texts load(const char *path)
{
	struct outcome_texts texts = {0};
	struct diags diags;
	size_t size;
	diags_init(&diags);
	struct config *config = config_load(path, &diags);
	assert_true(config || diags.errors > 0);
	FILE *out = open_memstream(&texts.diagnostics, &size);
	diags_sort(&diags);
	diags_print(&diags, out);
	fclose(out);
	if (diags.errors == 0) {
		out = open_memstream(&texts.numbers, &size);
		dump(config, out);
		fclose(out);
	}
	config_free(config);
	diags_fini(&diags);
	return texts;
}

static void texts_fini(struct outcome_texts *texts)
{
	free(texts->diagnostics);
	free(texts->numbers);
}

/* The file NAME.SUFFIX, or NULL. */
static char *expected(const char *name, const char *suffix)
{
	char *path = xasprintf("%.*s.%s", (int)(strlen(name) - strlen(".yaml")), name, suffix);
	FILE *in = fopen(path, "r");
	free(path);
	if (!in)
		return NULL;
	char *text = NULL;
	size_t size = 0;
	if (getdelim(&text, &size, '\0', in) < 0) {
		free(text);
		text = xstrdup("");
	}
	fclose(in);
	return text;
}

static unsigned compare(const char *name, const char *what, const char *want, const char *got)
{
	if (want && strcmp(want, got) == 0)
		return 0;
	fprintf(stderr, "%s: %s differ; expected:\n%s--- got:\n%s---\n", name, what,
		want ? want : "(no such file)\n", got);
	return 1;
}

static unsigned check_file(const char *name, unsigned *wrong, unsigned *good)
{
	struct outcome_texts texts = load(name);
	unsigned failures = 0;
	if (texts.numbers) {
		char *warnings = expected(name, "warn"), *numbers = expected(name, "ok");
		failures += compare(name, "warnings", warnings ? warnings : "", texts.diagnostics);
		failures += compare(name, "numbers", numbers, texts.numbers);
		free(warnings);
		free(numbers);
		++*good;
	} else {
		char *errors = expected(name, "err");
		failures += compare(name, "errors", errors, texts.diagnostics);
		free(errors);
		++*wrong;
	}
	texts_fini(&texts);
	return failures;
}

static int is_yaml(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return length > 5 && strcmp(entry->d_name + length - 5, ".yaml") == 0;
}

static void test_files(void **state)
{
	struct dirent **entries;
	unsigned failures = 0, wrong = 0, good = 0;
	(void)state;
	int count = scandir(".", &entries, is_yaml, alphasort);
	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		failures += check_file(entries[i]->d_name, &wrong, &good);
		free(entries[i]);
	}
	free(entries);
	assert_int_equal(failures, 0);
	assert_true(wrong >= WRONG_FILES_MIN);
	assert_true(good >= GOOD_FILES_MIN);
}

static void assert_unreadable(const char *path, const char *want)
{
	struct outcome_texts texts = load(path);
	assert_null(texts.numbers);
	assert_string_equal(texts.diagnostics, want);
	texts_fini(&texts);
}

static void test_unreadable(void **state)
{
	(void)state;
	assert_unreadable("no-such-file",
			  "no-such-file: cannot be read: No such file or directory\n");
	assert_unreadable(".", ".: cannot be read: it is a folder, name a file in it\n");
	assert_unreadable("/dev/zero", "/dev/zero: is too large: at most 4 MiB are read\n");
	assert_unreadable("/dev/null", "/dev/null: is empty: a configuration begins with "
				       "`version: 1`\n");
}

static void test_shipped_example(void **state)
{
	(void)state;
	struct outcome_texts texts = load("../../conf/rules.yaml");
	assert_string_equal(texts.diagnostics, "");
	assert_non_null(texts.numbers);
	texts_fini(&texts);
}

/* A file of our own, loaded; the caller frees both. */
static struct config *load_text(const char *text, char *path)
{
	struct diags diags;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	diags_init(&diags);
	struct config *config = config_load(path, &diags);
	diags_print(&diags, stderr);
	diags_fini(&diags);
	unlink(path);
	assert_non_null(config);
	return config;
}

/* The byte at that place; only for lines that end with \n. */
static const char *source_at(const char *source, struct place at)
{
	for (unsigned line = 1; line < at.line; line++)
		source = strchr(source, '\n') + 1;
	for (unsigned column = 1; column < at.column; column++)
		for (source++; ((unsigned char)*source & 0xc0) == 0x80;)
			source++;
	return source;
}

/* Every byte that is no blank is found again in the file at the place it is said to have. */
static void assert_places(const char *condition)
{
	char path[] = "/tmp/nfshaper-test-XXXXXX";
	char *source = xasprintf("version: 1\nrules:\n  - action: drop\n    if: %s\n", condition);
	struct config *config = load_text(source, path);
	const struct config_text *text = &config->rules[0].condition;
	unsigned last_line = 0;
	for (size_t i = 0; text->text[i]; i++) {
		struct place at = config_text_place(text, i);
		const char *found = source_at(source, at);
		assert_string_equal(at.file, path);
		assert_true(at.line >= last_line);
		last_line = at.line;
		bool continues = ((unsigned char)text->text[i] & 0xc0) == 0x80;
		if (strchr(" \n", text->text[i]) || continues || *found == '\\')
			continue;
		if (*found != text->text[i])
			fail_msg("`%s`: byte %zu of `%s` is said to be at %u:%u", condition, i,
				 text->text, at.line, at.column);
	}
	config_free(config);
	free(source);
}

static void test_geoip_folder(void **state)
{
	char path[] = "/tmp/nfshaper-test-XXXXXX", absolute[] = "/tmp/nfshaper-test-XXXXXX";
	(void)state;
	struct config *config = load_text("version: 1\ngeoip: geo/country.mmdb\n", path);
	assert_string_equal(config->geoip, "/tmp/geo/country.mmdb");
	assert_int_equal(config->geoip_at.line, 2);
	config_free(config);
	config = load_text("version: 1\ngeoip: /var/lib/country.mmdb\n", absolute);
	assert_string_equal(config->geoip, "/var/lib/country.mmdb");
	config_free(config);
}

static void test_places(void **state)
{
	static const char *const conditions[] = {
		"dport == 25",
		"cmd == Büro and dport == 25",
		"dport == 25   and\n      sport == 3\n\n\n      or sport == 4",
		"'dport == 25'",
		"  'cmd == ''a'' or cmd == ''b c'' and ''''== x'",
		"'a == b\n      or c == d\n\n      or e == f '",
		"\"cmd == \\\"a\\\" or\\tcmd == \\x41 or cmd == \\u00e9 and \\U0001F600 == f\"",
		"\"a == b \\\n      or c == d\n      or e == f\\\n\n      or g == h\"",
		"|\n      a == b\n        or c == d\n\n      or e == f\n",
		"|2-\n      a == b\n      or c == d\n",
		">\n      a == b\n      or c == d\n\n      or e == f\n        or g\n      or\n",
		">-\n\n\n      a == b\n      or c == d\n\n\n      or e == f\n",
		">+ # why\n      é == b\n      or c == d\n\n",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
		assert_places(conditions[i]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),           cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_shipped_example), cmocka_unit_test(test_geoip_folder),
		cmocka_unit_test(test_places),
	};
	const char *source = argc > 1 ? argv[1] : getenv("srcdir");
	if (chdir(source ? source : ".") < 0 || chdir("tests/config") < 0) {
		fprintf(stderr, "tests/config: %s\n", strerror(errno));
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
