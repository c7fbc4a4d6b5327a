/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Expressions: each line of the input is the `if:` of a rule. They are parsed, compiled, matched
 * against a few packets and explained. The rule that the ruleset finds has to be the first one
 * that matches when asked alone, unless an owner has to be looked up; what check says of the rules
 * has to be true.
 */
#include <netinet/in.h>
#include <string.h>

#include "engine/lint.h"
#include "fuzz.h"
#include "rules/owner.h"
#include "rules/ruleset.h"
#include "util/alloc.h"

#define RULES_MAX 64

static void set_addresses(struct packet *packet, const char *src, const char *dst)
{
	ENSURE(addr_parse(src, &packet->src) == 0 && addr_parse(dst, &packet->dst) == 0);
}

static const char *const args[] = {"-jar", "net.x.Router", ""};
static const struct owner owner = {
	.level = OWNER_PROCESS,
	.has_uid = true,
	.has_pid = true,
	.uid = 1000,
	.pid = 4711,
	.user = "root",
	.cgroup = "/system.slice/router.service",
	.unit = "router.service",
	.cmd = "/usr/bin/java",
	.args = args,
	.n_args = 3,
};

/*
 * A request that leaves and has an owner, a query that comes in over IPv6, whose owner was not
 * looked up, and a forwarded packet without ports.
 */
static void make_packets(struct packet packets[3])
{
	packets[0] = (struct packet){
		.proto = IPPROTO_TCP, .dscp = 46, .has_ports = true, .sport = 40000, .dport = 443};
	set_addresses(&packets[0], "192.168.1.20", "66.35.250.208");
	packets[0].length = 60;
	packets[1] = (struct packet){
		.proto = IPPROTO_UDP, .has_ports = true, .sport = 5353, .dport = 53};
	set_addresses(&packets[1], "2001:db8:9::1", "2001:db8:1::53");
	packets[1].length = 1280;
	packets[2] = (struct packet){.proto = IPPROTO_GRE};
	set_addresses(&packets[2], "10.0.0.1", "192.0.2.5");
}

static void make_facts(const struct packet packets[3], struct facts facts[3])
{
	facts[0] = (struct facts){.packet = &packets[0],
				  .direction = DIRECTION_OUT,
				  .source_is_local = true,
				  .oif = "wan0",
				  .owner = &owner,
				  .cc = "NZ"};
	facts[1] = (struct facts){.packet = &packets[1], .direction = DIRECTION_IN, .iif = "wan0"};
	facts[2] = (struct facts){
		.packet = &packets[2], .direction = DIRECTION_FORWARD, .iif = "lan0"};
}

/* One bit for each rule; a rule is on the line of its number. */
struct claims {
	uint64_t never;
	uint64_t always;
};

static struct claims claims_of(const struct config *config, const struct ruleset *ruleset)
{
	struct claims claims = {0};
	struct diags diags;
	diags_init(&diags);
	lint(config, ruleset, &diags);
	for (size_t i = 0; i < diags.count; i++) {
		uint64_t bit = UINT64_C(1) << (diags.items[i].line - 1) % RULES_MAX;
		bool is_always = strstr(diags.items[i].message, "matches every packet") != NULL;
		ENSURE(diags.items[i].line >= 1 && diags.items[i].line <= config->n_rules);
		*(is_always ? &claims.always : &claims.never) |= bit;
	}
	diags_fini(&diags);
	return claims;
}

static void match(const struct ruleset *ruleset, const struct facts *facts,
		  const struct claims *claims)
{
	int first = -1;
	enum owner_level wants;
	for (size_t i = ruleset_count(ruleset); i-- > 0;) {
		char *why = ruleset_explain(ruleset, i, facts);
		ENSURE(why && why[0]);
		free(why);
		if (ruleset_rule_matches(ruleset, i, facts))
			first = (int)i;
		else
			ENSURE(!(claims->always >> i & 1));
	}
	ENSURE(ruleset_match(ruleset, facts) == first);
	int rule = ruleset_match_asking(ruleset, facts, 0, &wants);
	ENSURE(wants ? !facts->owner && wants <= ruleset_owner_level(ruleset) : rule == first);
	ENSURE(first < 0 || !(claims->never >> first & 1));
}

static void compile(const struct config *config)
{
	struct diags diags;
	struct packet packets[3];
	struct facts facts[3];
	struct claims claims = {0};
	diags_init(&diags);
	struct ruleset *ruleset = ruleset_compile(config, &diags);
	ENSURE((ruleset == NULL) == (diags.errors > 0));
	if (ruleset)
		claims = claims_of(config, ruleset);
	make_packets(packets);
	make_facts(packets, facts);
	for (size_t i = 0; ruleset && i < 3; i++)
		match(ruleset, &facts[i], &claims);
	ruleset_free(ruleset);
	diags_fini(&diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_rule rules[RULES_MAX] = {0};
	struct config config = {.rules = rules};
	char *text = xstrndup((const char *)data, size), *rest = text;
	for (char *line; config.n_rules < RULES_MAX && (line = strsep(&rest, "\n"));) {
		struct config_rule *rule = &rules[config.n_rules++];
		rule->name = (char *)"rule";
		rule->at = (struct place){"fuzz", (unsigned)config.n_rules, 1};
		rule->action = ACTION_DROP;
		rule->condition.text = line;
		rule->condition.at = rule->at;
	}
	compile(&config);
	free(text);
	return 0;
}
