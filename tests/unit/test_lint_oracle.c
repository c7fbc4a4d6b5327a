/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What check says of random rules, held against random packets: a rule that is said to be never
 * reached is reached by none of them, one that is said to be always true matches all. Behind a rule
 * that only has a throttle the search goes on. The seed is printed; NFSHAPER_TEST_SEED repeats a
 * run.
 */
#include "random_packets.h"

#include <time.h>

#include "engine/lint.h"

#define ROUNDS 4000
#define RULES 8
#define PACKETS 200

struct claims {
	bool is_dead[RULES];
	bool is_true[RULES];
	unsigned dead; /* how many of them, over all rounds */
	unsigned always;
};

/* Few tests and few values, so that there is something to say; without sets. */
static char *small_condition(const struct pool *pool)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	put_condition(out, pool, 2 + random_below(2));
	fclose(out);
	if (!strchr(text, '@'))
		return text;
	free(text);
	return small_condition(pool);
}

static void rules_init(struct config *config, struct config_rule rules[RULES],
		       const struct pool *pool)
{
	*config = (struct config){.rules = rules, .n_rules = RULES};
	config->geoip = (char *)(uintptr_t) "geo.mmdb"; /* no warning of its own */
	for (unsigned i = 0; i < RULES; i++) {
		struct place at = {"rules.yaml", i + 1, 1};
		rules[i] = (struct config_rule){.name = (char *)(uintptr_t) "random", .at = at};
		rules[i].action = one_in(5) ? ACTION_CONTINUE : ACTION_DROP;
		rules[i].condition.at = at;
		rules[i].condition.text = i > 0 && one_in(8) ? strdup(rules[i - 1].condition.text)
							     : small_condition(pool);
	}
}

static void read_claims(const struct diags *diags, struct claims *claims)
{
	memset(claims->is_dead, 0, sizeof(claims->is_dead));
	memset(claims->is_true, 0, sizeof(claims->is_true));
	for (size_t i = 0; i < diags->count; i++) {
		const struct diag *diag = &diags->items[i];
		bool is_dead = strstr(diag->message, " is never reached") ||
			       strstr(diag->message, " never matches");
		bool is_true = strstr(diag->message, " matches every packet") != NULL;
		assert_true(is_dead != is_true);
		assert_in_range(diag->line, 1, RULES);
		claims->is_dead[diag->line - 1] |= is_dead;
		claims->is_true[diag->line - 1] |= is_true;
		claims->dead += is_dead;
		claims->always += is_true;
	}
}

static void check_claims(const struct config *config, const struct ruleset *ruleset,
			 const struct pool *pool, const struct claims *claims)
{
	for (unsigned i = 0; i < PACKETS; i++) {
		struct packet packet;
		struct owner owner;
		struct facts facts = random_facts(pool, &packet, &owner);
		facts.untold = 0; /* explain's: a real packet has an address */
		int rule = -1;
		do {
			rule = ruleset_match_plain(ruleset, &facts, (size_t)rule + 1);
			if (rule >= 0 && claims->is_dead[rule])
				fail_msg("a packet reaches rule %d: %s", rule,
					 config->rules[rule].condition.text);
		} while (rule >= 0 && config->rules[rule].action == ACTION_CONTINUE);
		for (size_t k = 0; k < RULES; k++)
			if (claims->is_true[k] && !ruleset_rule_matches(ruleset, k, &facts))
				fail_msg("not always true: %s", config->rules[k].condition.text);
	}
}

static void check_round(struct claims *claims)
{
	struct config_rule rules[RULES];
	struct config config;
	struct diags diags;
	struct pool pool = random_pool();
	/* The ends of the scales, and few others. */
	for (size_t i = 5; i < POOL_SIZE; i++)
		pool.numbers[i] = pool.numbers[4];
	rules_init(&config, rules, &pool);
	diags_init(&diags);
	struct ruleset *ruleset = ruleset_compile(&config, &diags);
	if (!ruleset)
		diags_print(&diags, stderr);
	assert_non_null(ruleset);
	assert_int_equal(diags.count, 0);
	lint(&config, ruleset, &diags);
	read_claims(&diags, claims);
	check_claims(&config, ruleset, &pool, claims);
	ruleset_free(ruleset);
	diags_fini(&diags);
	for (unsigned i = 0; i < RULES; i++)
		free(rules[i].condition.text);
}

static void test_random(void **state)
{
	const char *given = getenv("NFSHAPER_TEST_SEED");
	struct claims claims = {0};
	(void)state;
	random_state = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	printf("NFSHAPER_TEST_SEED=%llu\n", (unsigned long long)random_state);
	for (unsigned round = 0; round < ROUNDS; round++)
		check_round(&claims);
	printf("%u rules: %u said to be dead, %u always true\n", ROUNDS * RULES, claims.dead,
	       claims.always);
	/* The comparison is worth something only where much is said. */
	assert_true(claims.dead > ROUNDS / 4);
	assert_true(claims.always > ROUNDS / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
