/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Walks over tests/config (golden.h); NN-name.ok is what was read, in numbers (dump() below). The
 * source folder is argv[1], or $srcdir, or the present one.
 */
#include "golden.h"

#include <errno.h>
#include <unistd.h>

#include "config/config.h"
#include "config/session_field.h"
#include "net/proto.h"

#define WRONG_FILES_MIN 78
#define GOOD_FILES_MIN 14

static const char *const leaf_names[] = {"auto", "fq_codel", "cake", "sfq", "pfifo"};
static const char *const action_names[] = {"class", "accept", "drop", "reject", "continue"};

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
	if (config->queue.owner_deadline_ns != 20000000)
		fprintf(out, "owner-deadline %ju\n", (uintmax_t)config->queue.owner_deadline_ns);
	if (config->manual_ruleset)
		fputs("ruleset manual\n", out);
}

static void dump_class(const struct config *config, const struct config_class *class, FILE *out)
{
	fprintf(out, "class %s%s line %u priority %u\n", class->name,
		class->is_implicit ? " (implicit)" : "", class->at.line, class->priority);
	for (size_t i = 0; i < config->n_interfaces; i++) {
		const struct config_interface *interface = &config->interfaces[i];
		struct class_rates rates = config_class_out(class, interface->out_bps);
		if (!config_class_is_on(class, interface))
			continue;
		if (interface->out_bps)
			fprintf(out, "  %s out rate %ju ceil %ju\n", interface->name,
				(uintmax_t)rates.rate_bps, (uintmax_t)rates.ceil_bps);
		rates = config_class_in(class, interface->in_bps);
		if (interface->in_bps)
			fprintf(out, "  %s in rate %ju ceil %ju\n", interface->name,
				(uintmax_t)rates.rate_bps, (uintmax_t)rates.ceil_bps);
	}
}

static void dump_throttle(const struct config_throttle *throttle, FILE *out)
{
	fprintf(out, "throttle %s line %u", throttle->tag, throttle->at.line);
	if (throttle->limit.packets)
		fprintf(out, " limit %u/%ju", throttle->limit.packets,
			(uintmax_t)throttle->limit.span_s);
	if (throttle->rate_bps)
		fprintf(out, " rate %ju burst %ju", (uintmax_t)throttle->rate_bps,
			(uintmax_t)throttle->burst_bytes);
	fprintf(out, " %s over %s\n  session",
		throttle->count_connections ? "connections" : "packets",
		action_names[throttle->over]);
	for (unsigned i = 0; i < SESSION_FIELD_COUNT; i++)
		if (throttle->session & SESSION_BIT(i))
			fprintf(out, " %s", session_field_names[i]);
	fprintf(out, "%s mask 0x%08x max %u buckets %u expire %ju\n",
		throttle->session == SESSION_NONE ? " none" : "", throttle->mask, throttle->max,
		throttle->buckets, (uintmax_t)throttle->expire_s);
}

static void dump_throttle_of_rule(const struct config *config, const struct config_rule *rule,
				  FILE *out)
{
	fprintf(out, "  throttle %s over %s", config->throttles[rule->throttle_index].tag,
		action_names[rule->over]);
	if (rule->over == ACTION_CLASS)
		fprintf(out, " %s", config->classes[rule->over_class_index].name);
	fputc('\n', out);
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
	if (rule->has_throttle)
		dump_throttle_of_rule(config, rule, out);
}

static void dump_set(const struct config_set *set, FILE *out)
{
	fprintf(out, "set %s line %u of %s", set->name, set->at.line,
		set->file ? set->file : set->at.file);
	for (size_t i = 0; i < set->n_entries; i++) {
		struct place at = set->entries[i].at;
		fprintf(out, " %s@%u:%u", set->entries[i].text, at.line, at.column);
	}
	fputc('\n', out);
}

static void dump_line(const struct config_interface *interface, FILE *out)
{
	static const char *const vias[] = {"auto", "ifb", "police", "interfaces"};
	static const char *const links[] = {"ethernet", "atm", "ptm"};
	if (interface->in.at.line)
		fprintf(out, "  in-via %s", vias[interface->in.via]);
	for (size_t i = 0; i < interface->in.n_interfaces; i++)
		fprintf(out, " %s", interface->in.interfaces[i]);
	if (interface->in.at.line)
		fputc('\n', out);
	if (interface->overhead || interface->link != LINK_ETHERNET)
		fprintf(out, "  overhead %d link %s\n", interface->overhead,
			links[interface->link]);
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
		dump_line(interface, out);
	}
	for (size_t i = 0; i < config->n_classes; i++)
		dump_class(config, &config->classes[i], out);
	for (size_t i = 0; i < config->n_sets; i++)
		dump_set(&config->sets[i], out);
	for (size_t i = 0; i < config->n_throttles; i++)
		dump_throttle(&config->throttles[i], out);
	for (size_t i = 0; i < config->n_rules; i++)
		dump_rule(config, &config->rules[i], out);
}

static struct golden_texts load(const char *path)
{
	struct golden_texts texts = {0};
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

static void test_files(void **state)
{
	(void)state;
	golden_check_folder(load, WRONG_FILES_MIN, GOOD_FILES_MIN);
}

static void assert_unreadable(const char *path, const char *want)
{
	struct golden_texts texts = load(path);
	assert_null(texts.numbers);
	assert_string_equal(texts.diagnostics, want);
	golden_texts_fini(&texts);
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
	struct golden_texts texts = load("../../conf/rules.yaml");
	assert_string_equal(texts.diagnostics, "");
	assert_non_null(texts.numbers);
	golden_texts_fini(&texts);
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
