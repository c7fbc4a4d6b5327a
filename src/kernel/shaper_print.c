/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plan of an interface in the words of tc(8) and ip(8), equal in effect to shaper_apply(). */
#include <inttypes.h>
#include <nfshaper/mark.h>
#include <string.h>

#include "kernel/ifb.h"
#include "kernel/shaper.h"
#include "kernel/shaper_filter.h"
#include "kernel/shaper_htb.h"
#include "kernel/shaper_ingress.h"
#include "kernel/shaper_leaf.h"
#include "kernel/shaper_message.h"
#include "kernel/shaper_rates.h"

#define ROOT NFSHAPER_HTB_MAJOR
#define LINE NFSHAPER_HTB_LINE

/* The whole bytes that HTB counts, in the largest unit that says it exactly. */
static void print_rate(const char *word, uint64_t bps, FILE *out)
{
	uint64_t rate = shaper_bytes_per_s(bps) * 8;
	if (rate % 1000000000 == 0)
		fprintf(out, " %s %" PRIu64 "gbit", word, rate / 1000000000);
	else if (rate % 1000000 == 0)
		fprintf(out, " %s %" PRIu64 "mbit", word, rate / 1000000);
	else if (rate % 1000 == 0)
		fprintf(out, " %s %" PRIu64 "kbit", word, rate / 1000);
	else
		fprintf(out, " %s %" PRIu64 "bit", word, rate);
}

static void print_shares(const struct shaper_line *line, uint64_t rate_bps, uint64_t ceil_bps,
			 unsigned priority, FILE *out)
{
	uint64_t rate = shaper_line_bps(line, rate_bps), ceil = shaper_line_bps(line, ceil_bps);
	print_rate("rate", rate, out);
	print_rate("ceil", ceil, out);
	fprintf(out, " burst %" PRIu32 "b cburst %" PRIu32 "b prio %u quantum %" PRIu32,
		shaper_burst_bytes(line, rate), shaper_burst_bytes(line, ceil), priority,
		shaper_quantum_bytes(rate));
	if (line->overhead_bytes)
		fprintf(out, " overhead %u", line->overhead_bytes);
	if (line->link == LINK_ATM)
		fputs(" linklayer atm", out);
	fputc('\n', out);
}

/* Only the kernel knows which kinds it has: the shell goes on to the next. */
static void print_leaf(const struct plan_interface *interface, const struct plan_class *class,
		       FILE *out)
{
	const char *between = "";
	for (const char *const *kind = shaper_leaf_kinds(interface); *kind; kind++) {
		fprintf(out, "%stc qdisc add dev %s parent %x:%x handle %x: %s", between,
			interface->name, ROOT, class->minor, class->minor, *kind);
		if (strcmp(*kind, "pfifo") == 0)
			fprintf(out, " limit %" PRIu32, shaper_fifo_packets(class->ceil_bps));
		else if (strcmp(*kind, "fq_codel") == 0)
			fprintf(out, " target %" PRIu32 "us interval %" PRIu32 "us",
				shaper_codel_target_us(class->ceil_bps),
				shaper_codel_interval_us(class->ceil_bps));
		else if (strcmp(*kind, "sfq") == 0)
			fprintf(out, " perturb %d", SHAPER_SFQ_PERTURB_S);
		else if (strcmp(*kind, "cake") == 0)
			fprintf(out, " unlimited");
		between = " || ";
	}
	fputc('\n', out);
}

static void print_root(const struct plan_interface *interface, FILE *out)
{
	struct shaper_htb htb = shaper_htb_root(interface);
	fprintf(out, "tc qdisc add dev %s root handle %x:", interface->name, ROOT);
	if (htb.less_bytes)
		fprintf(out, " stab overhead -%d linklayer ethernet", htb.less_bytes);
	fprintf(out, " htb default %x r2q %u\n", htb.default_minor, SHAPER_R2Q);
}

static void print_htb(const struct plan_interface *interface, FILE *out)
{
	struct shaper_line line = shaper_htb_line(interface);
	print_root(interface, out);
	fprintf(out, "tc class add dev %s parent %x: classid %x:%x htb", interface->name, ROOT,
		ROOT, LINE);
	print_shares(&line, interface->line_bps, interface->line_bps, 0, out);
	for (size_t i = 0; i < interface->n_classes; i++) {
		const struct plan_class *class = &interface->classes[i];
		/* 500ms 1s is the estimator of shaper_message.c, in tc's words. */
		fprintf(out,
			"tc class add dev %s parent %x:%x classid %x:%x estimator 500ms 1s htb",
			interface->name, ROOT, LINE, ROOT, class->minor);
		print_shares(&line, class->rate_bps, class->ceil_bps, class->priority, out);
		print_leaf(interface, class, out);
	}
}

static void print_device(const struct plan_interface *interface, FILE *out)
{
	char alias[IFB_ALIAS_ROOM];
	fprintf(out, "ip link add %s group %d type ifb\n", interface->name, IFB_GROUP);
	fprintf(out, "ip link set %s up alias '%s'\n", interface->name,
		ifb_alias(interface->of, alias));
}

static void print_filters(const struct plan *plan, const struct plan_interface *interface,
			  FILE *out)
{
	for (size_t i = 0; i < plan->ids.count; i++) {
		const struct outcome *outcome = &plan->ids.items[i];
		uint16_t minor = shaper_filter_minor(interface, outcome);
		if (minor)
			fprintf(out,
				"tc filter add dev %s parent %x: protocol all prio 1 "
				"handle 0x%08x/0x%08x fw classid %x:%x\n",
				interface->name, ROOT, nfshaper_mark(plan->mark_mask, outcome->id),
				plan->mark_mask, ROOT, minor);
	}
}

/* Which of them the kernel takes is again for the shell to find out. */
static void print_ingress(const struct plan *plan, const struct plan_interface *interface,
			  FILE *out)
{
	uint32_t block = shaper_ingress_block(interface->of);
	const char *between = "";
	fprintf(out, "tc qdisc add dev %s ingress_block %" PRIu32 " handle ffff: ingress\n",
		interface->of, block);
	for (const struct shaper_redirect *way = shaper_redirects; way->classifier; way++) {
		fprintf(out, "%stc filter add block %" PRIu32 " protocol all prio 1 %s", between,
			block, way->classifier);
		if (strcmp(way->classifier, "u32") == 0)
			fputs(" match u32 0 0", out);
		fprintf(out, " action %s", way->restore);
		if (strcmp(way->restore, "ctinfo") == 0)
			fprintf(out, " cpmark 0x%08x", plan->mark_mask);
		fprintf(out, " action mirred egress redirect dev %s", interface->name);
		between = " || ";
	}
	fputc('\n', out);
}

void shaper_print(const struct plan *plan, const struct plan_interface *interface, FILE *out)
{
	switch (interface->way) {
	case PLAN_OUT:
	case PLAN_INSIDE:
		print_htb(interface, out);
		break;
	case PLAN_IFB:
		print_device(interface, out);
		print_htb(interface, out);
		print_filters(plan, interface, out);
		print_ingress(plan, interface, out);
		break;
	case PLAN_POLICE:
		break;
	}
}
