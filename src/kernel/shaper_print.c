/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plan of an interface in the words of tc(8), equal in effect to shaper_message.c. */
#include <inttypes.h>
#include <nfshaper/mark.h>
#include <string.h>

#include "kernel/shaper.h"
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

static void print_shares(uint64_t rate_bps, uint64_t ceil_bps, unsigned priority, FILE *out)
{
	print_rate("rate", rate_bps, out);
	print_rate("ceil", ceil_bps, out);
	fprintf(out, " burst %" PRIu32 "b cburst %" PRIu32 "b prio %u quantum %" PRIu32 "\n",
		shaper_burst_bytes(rate_bps), shaper_burst_bytes(ceil_bps), priority,
		shaper_quantum_bytes(rate_bps));
}

/* Only the kernel knows which kinds it has: the shell goes on to the next. */
static void print_leaf(const struct plan_interface *interface, const struct plan_class *class,
		       FILE *out)
{
	const char *between = "";
	for (const char *const *kind = shaper_leaf_kinds(interface->leaf); *kind; kind++) {
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

void shaper_print(const struct plan *plan, const struct plan_interface *interface, FILE *out)
{
	(void)plan;
	fprintf(out, "tc qdisc add dev %s root handle %x: htb default %x r2q %u\n", interface->name,
		ROOT, interface->classes[0].minor, SHAPER_R2Q);
	fprintf(out, "tc class add dev %s parent %x: classid %x:%x htb", interface->name, ROOT,
		ROOT, LINE);
	print_shares(interface->line_bps, interface->line_bps, 0, out);
	for (size_t i = 0; i < interface->n_classes; i++) {
		const struct plan_class *class = &interface->classes[i];
		/* 500ms 1s is the estimator of shaper_message.c, in tc's words. */
		fprintf(out,
			"tc class add dev %s parent %x:%x classid %x:%x estimator 500ms 1s htb",
			interface->name, ROOT, LINE, ROOT, class->minor);
		print_shares(class->rate_bps, class->ceil_bps, class->priority, out);
		print_leaf(interface, class, out);
	}
}
