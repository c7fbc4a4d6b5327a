/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/explain.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/packet_arg.h"
#include "net/proto.h"

static const char *verdict_text(enum outcome_kind kind)
{
	return kind == OUTCOME_CLASS || kind == OUTCOME_QUEUED ? "accept" : outcome_kind_text(kind);
}

static json_t *trace_json(const struct explanation *explanation)
{
	json_t *list = json_array();
	if (explanation->exemption)
		json_array_append_new(list, json_pack("{s:n, s:b, s:s}", "rule", "matched", 1,
						      "why", explanation->exemption));
	for (size_t i = 0; i < explanation->n_steps; i++) {
		const struct explain_step *step = &explanation->steps[i];
		json_array_append_new(list, json_pack("{s:s, s:b, s:s}", "rule", step->rule,
						      "matched", step->matched, "why", step->why));
	}
	return list;
}

static void print_json(const struct explanation *explanation)
{
	const struct outcome *outcome = explanation->outcome;
	bool is_class = outcome_has_class(outcome);
	char classid[16], mark[16];
	snprintf(mark, sizeof(mark), "0x%08x", explanation->mark);
	cli_print_json(json_pack("{s:s, s:s?, s:s?, s:s, s:s?, s:b, s:b, s:o}", "verdict",
				 verdict_text(outcome->kind), "class",
				 is_class ? outcome->name : NULL, "rule", explanation->rule, "mark",
				 mark, "classid", is_class ? cli_classid(outcome, classid) : NULL,
				 "judged", explanation->exemption == NULL, "disagrees",
				 explanation->disagrees, "trace", trace_json(explanation)));
}

static const char *end_text(const struct addr *addr, bool has_port, uint16_t port, char *buffer)
{
	return has_port ? addr_port_text(addr, port, buffer) : addr_text(addr, buffer);
}

static void print_packet(const struct packet_arg *arg, const struct facts *facts)
{
	const struct packet *packet = &arg->packet;
	char proto[PROTO_TEXT_MAX], src[ADDR_PORT_TEXT_MAX], dst[ADDR_PORT_TEXT_MAX];
	end_text(&packet->src, arg->has_sport, packet->sport, src);
	end_text(&packet->dst, arg->has_dport, packet->dport, dst);
	printf("packet   %s %s -> %s, %s", proto_text(packet->proto, proto), src, dst,
	       direction_text(facts->direction));
	if (facts->iif)
		printf(", from %s", facts->iif);
	if (facts->oif)
		printf(", to %s", facts->oif);
	printf("\nends     local %s, remote %s\n", facts->source_is_local ? src : dst,
	       facts->source_is_local ? dst : src);
}

static void print_verdict(const struct explanation *explanation)
{
	const struct outcome *outcome = explanation->outcome;
	char classid[16];
	printf("verdict  %s", verdict_text(outcome->kind));
	if (outcome_has_class(outcome))
		printf(", class %s, HTB class %s", outcome->name, cli_classid(outcome, classid));
	if (outcome->kind == OUTCOME_QUEUED)
		printf(", a throttle counts its packets");
	if (explanation->exemption)
		printf(", no mark: not judged\n");
	else if (!explanation->mark)
		printf(", no mark: this packet alone, by `%s`\n", explanation->rule);
	else if (explanation->rule)
		printf(", mark 0x%08x, by `%s`\n", explanation->mark, explanation->rule);
	else
		printf(", mark 0x%08x: no rule matched\n", explanation->mark);
}

static void print_text(const struct packet_arg *arg, const struct facts *facts,
		       const struct explanation *explanation)
{
	print_packet(arg, facts);
	if (explanation->exemption)
		printf("exempt   %s\n", explanation->exemption);
	for (size_t i = 0; i < explanation->n_steps; i++) {
		const struct explain_step *step = &explanation->steps[i];
		printf("%-8s `%s`: %s\n", step->matched ? "match" : "no match", step->rule,
		       step->why);
	}
	print_verdict(explanation);
}

/* A difference must not be taken for an answer: it is a fault of the program. */
static int status_of(const struct explanation *explanation)
{
	const char *rule = explanation->rule, *plain = explanation->plain_rule;
	if (!explanation->disagrees)
		return EXIT_DONE;
	fprintf(stderr,
		"nfshaper: INTERNAL ERROR: the packet path would take %s%s%s, and by the rules "
		"one after the other it is %s%s%s. Please report this with the rules and the "
		"packet.\n",
		rule ? "rule `" : "no rule", rule ? rule : "", rule ? "`" : "",
		plain ? "rule `" : "no rule", plain ? plain : "", plain ? "`" : "");
	return EXIT_FAILED;
}

int command_explain(struct cli *cli, int argc, char **argv)
{
	struct packet_arg arg;
	struct state earlier;
	if (packet_arg_read(argc, argv, &arg))
		return EXIT_USAGE;
	struct snapshot *snapshot = cli_load(cli, &earlier);
	int status = EXIT_FAILED;
	if (snapshot) {
		struct explanation explanation;
		struct facts facts = packet_arg_facts(&arg, snapshot);
		explain(snapshot, &facts, arg.exemption, &explanation);
		if (cli->json)
			print_json(&explanation);
		else
			print_text(&arg, &facts, &explanation);
		status = status_of(&explanation);
		explanation_fini(&explanation);
	}
	snapshot_free(snapshot);
	state_fini(&earlier);
	packet_arg_fini(&arg);
	return status;
}
