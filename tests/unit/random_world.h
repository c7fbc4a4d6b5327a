/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compiled sets of random rules. The seed is printed; NFSHAPER_TEST_SEED repeats a run. */
#ifndef TESTS_RANDOM_WORLD_H
#define TESTS_RANDOM_WORLD_H

#include "random_packets.h"

#include <time.h>

/* A configuration of random rules and three sets; its texts are its own. */
struct world {
	struct pool pool;
	struct config config;
	struct config_set sets[3];
	struct ruleset *ruleset;
};

static inline struct config_set random_set(const char *name, enum attribute attribute,
					   const struct pool *pool)
{
	struct config_set set = {.name = strdup(name), .at = {.file = "rules.yaml"}};
	set.n_entries = 1 + random_below(6);
	set.entries = calloc(set.n_entries, sizeof(*set.entries));
	for (size_t i = 0; i < set.n_entries; i++) {
		size_t size;
		FILE *out = open_memstream(&set.entries[i].text, &size);
		put_value(out, pool, attribute, true);
		fclose(out);
	}
	return set;
}

static inline void compile(struct world *world)
{
	struct diags diags;
	diags_init(&diags);
	world->config.geoip = (char *)(uintptr_t) "geo.mmdb"; /* no warnings */
	world->ruleset = ruleset_compile(&world->config, &diags);
	if (!world->ruleset)
		diags_print(&diags, stderr);
	assert_non_null(world->ruleset);
	diags_fini(&diags);
}

static inline void world_init(struct world *world, size_t n_rules, enum shape shape)
{
	*world = (struct world){.pool = random_pool()};
	world->sets[0] = random_set("hosts", ATTR_SADDR, &world->pool);
	world->sets[1] = random_set("links", ATTR_IIF, &world->pool);
	world->sets[2] = random_set("ports", ATTR_SPORT, &world->pool);
	world->config.sets = world->sets;
	world->config.n_sets = COUNT(world->sets);
	world->config.rules = calloc(n_rules, sizeof(*world->config.rules));
	world->config.n_rules = n_rules;
	for (size_t i = 0; i < n_rules; i++) {
		struct config_text *text = &world->config.rules[i].condition;
		world->config.rules[i].name = (char *)(uintptr_t) "random";
		text->at.file = "rules.yaml";
		if (i + 1 < n_rules || !one_in(4))
			text->text = random_condition(&world->pool, shape);
	}
	compile(world);
}

static inline void world_fini(struct world *world)
{
	ruleset_free(world->ruleset);
	for (size_t i = 0; i < COUNT(world->sets); i++) {
		for (size_t k = 0; k < world->sets[i].n_entries; k++)
			free(world->sets[i].entries[k].text);
		free(world->sets[i].entries);
		free(world->sets[i].name);
	}
	for (size_t i = 0; i < world->config.n_rules; i++)
		free(world->config.rules[i].condition.text);
	free(world->config.rules);
}

static inline void start_random(const char *name)
{
	const char *given = getenv("NFSHAPER_TEST_SEED");
	random_state = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	printf("%s: NFSHAPER_TEST_SEED=%llu\n", name, (unsigned long long)random_state);
}

#endif
