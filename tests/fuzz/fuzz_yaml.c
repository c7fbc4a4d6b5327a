/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The reader of rules.yaml: any bytes are a configuration or a list of errors. A configuration can
 * be planned, or too many ids are wanted; what it says of throttles, a throttle can be; a packet
 * finds its way through the rules.
 */
#include <netinet/in.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/config.h"
#include "engine/decide.h"
#include "engine/path.h"
#include "fuzz.h"
#include "rules/ruleset.h"
#include "util/alloc.h"

static void find_path(const struct snapshot *snapshot)
{
	static const uint8_t there[] = {192, 0, 2, 1}, here[] = {198, 51, 100, 1};
	struct packet packet = {.src = addr_from_bytes(AF_INET, here),
				.dst = addr_from_bytes(AF_INET, there),
				.proto = IPPROTO_TCP,
				.has_ports = true,
				.dport = 80,
				.length = 100};
	struct packet_origin origin = {.direction = DIRECTION_OUT, .oif = "wan0"};
	struct facts facts = decide_facts(snapshot, &packet, &origin);
	struct path path = {.steps = xcalloc(snapshot->n_throttle_rules, sizeof(*path.steps))};
	path_find(snapshot, &facts, &path);
	ENSURE(path.count <= snapshot->n_throttle_rules);
	/* Whatever becomes of the connection has an id. */
	ENSURE(path_is_queued(snapshot, &path) ? path.queued_id : path.id);
	for (unsigned i = 0; i < path.count; i++) {
		const struct snapshot_rule *rule = &snapshot->rules[path.steps[i]];
		ENSURE(rule->over != OUTCOME_CLASS ||
		       (rule->counts_packets ? rule->over_queued_id : rule->over_id));
	}
	free(path.steps);
}

static void plan(const char *path)
{
	static const struct snapshot_known none;
	struct diags diags;
	diags_init(&diags);
	struct snapshot *snapshot = snapshot_load(path, &none, &diags);
	ENSURE(snapshot ? diags.errors == 0 : diags.errors > 0);
	for (size_t i = 0; snapshot && i < snapshot->list.count; i++)
		ENSURE(throttle_spec_is_valid(&snapshot->list.items[i].spec));
	if (snapshot)
		find_path(snapshot);
	snapshot_free(snapshot);
	diags_fini(&diags);
}

static void load(const char *path)
{
	struct diags diags;
	diags_init(&diags);
	struct config *config = config_load(path, &diags);
	ENSURE(config || diags.errors > 0);
	if (config) {
		/* With errors, too: those in the expressions are reported in the same run. */
		size_t errors = diags.errors;
		struct ruleset *ruleset = ruleset_compile(config, &diags);
		/* Behind the first hundred errors no more are counted. */
		ENSURE(ruleset ? diags.errors == errors : diags.errors > 0);
		ruleset_free(ruleset);
	}
	diags_sort(&diags);
	for (size_t i = 0; i < diags.count; i++)
		ENSURE(diags.items[i].message[0] != '\0');
	config_free(config);
	if (!diags.errors)
		plan(path);
	diags_fini(&diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	int fd = memfd_create("rules.yaml", MFD_CLOEXEC);
	ENSURE(fd >= 0);
	ENSURE(write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	load(path);
	close(fd);
	return 0;
}
