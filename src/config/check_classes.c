/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What only the classes and the interfaces together show: rates above the line's, ceilings below
 * rates, sums above the line's, and what is left for a `default` that the file does not name.
 */
#include <inttypes.h>

#include "config/read.h"
#include "config/units.h"

/* The two directions, to do everything once for each. */
struct side {
	const char *name;
	size_t share_offset; /* in struct config_class */
	size_t line_offset;  /* in struct config_interface */
	struct class_rates (*rates)(const struct config_class *class, uint64_t interface_bps);
};

static const struct side sides[] = {
	{"out", offsetof(struct config_class, out), offsetof(struct config_interface, out_bps),
	 config_class_out},
	{"in", offsetof(struct config_class, in), offsetof(struct config_interface, in_bps),
	 config_class_in},
};

#define SIDES (sizeof(sides) / sizeof(sides[0]))

static struct config_share *side_share(const struct side *side, struct config_class *class)
{
	return (struct config_share *)(void *)((char *)class + side->share_offset);
}

static uint64_t side_line(const struct side *side, const struct config_interface *interface)
{
	return *(const uint64_t *)(const void *)((const char *)interface + side->line_offset);
}

/* False where its text was wrong, which has been reported. */
static bool is_usable(const struct config_rate *rate)
{
	return rate->is_percent ? rate->percent > 0 : rate->bps > 0;
}

static bool share_is_usable(const struct config_share *share)
{
	return is_usable(&share->rate) && is_usable(&share->ceil);
}

static bool is_same(const struct config_rate *a, const struct config_rate *b)
{
	return a->at.line == b->at.line && a->at.column == b->at.column;
}

static void check_limit(struct reader *reader, const struct config_class *class,
			const struct side *side, const char *what, const struct config_rate *rate,
			const struct config_interface *interface)
{
	char have[UNITS_TEXT_MAX], line[UNITS_TEXT_MAX];
	uint64_t line_bps = side_line(side, interface);
	if (rate->is_percent || rate->bps <= line_bps)
		return;
	report_error(reader->diags, rate->at,
		     "class `%s`: %s %s %s is above the %s of %s: write at most that, or a share "
		     "such as 50%%",
		     class->name, side->name, what, units_rate_text(rate->bps, have),
		     units_rate_text(line_bps, line), interface->name);
}

/* Of one class, on one interface. */
static void check_on_interface(struct reader *reader, struct config_class *class,
			       const struct side *side, const struct config_interface *interface)
{
	const struct config_share *share = side_share(side, class);
	uint64_t line_bps = side_line(side, interface);
	char ceil[UNITS_TEXT_MAX], rate[UNITS_TEXT_MAX];
	if (line_bps == 0 || !config_class_is_on(class, interface))
		return;
	check_limit(reader, class, side, "rate", &share->rate, interface);
	if (!is_same(&share->rate, &share->ceil))
		check_limit(reader, class, side, "ceil", &share->ceil, interface);
	struct class_rates rates = side->rates(class, line_bps);
	if (share->rate.is_percent != share->ceil.is_percent && rates.ceil_bps < rates.rate_bps &&
	    (share->rate.is_percent || share->rate.bps <= line_bps))
		report_error(
			reader->diags, share->ceil.at,
			"class `%s`: %s ceil %s is below its rate %s on %s: write at least the "
			"rate",
			class->name, side->name, units_rate_text(rates.ceil_bps, ceil),
			units_rate_text(rates.rate_bps, rate), interface->name);
}

/* Two figures of the same kind need no interface to be compared. */
static void check_order(struct reader *reader, const struct config_class *class,
			const struct side *side, const struct config_share *share)
{
	const struct config_rate *rate = &share->rate, *ceil = &share->ceil;
	char low[UNITS_TEXT_MAX], high[UNITS_TEXT_MAX];
	if (rate->is_percent != ceil->is_percent || rate->at.line == 0)
		return;
	if (rate->is_percent && ceil->percent < rate->percent)
		report_error(reader->diags, ceil->at,
			     "class `%s`: %s ceil %g%% is below its rate %g%%: write at least the "
			     "rate",
			     class->name, side->name, ceil->percent, rate->percent);
	else if (!rate->is_percent && ceil->bps < rate->bps)
		report_error(reader->diags, ceil->at,
			     "class `%s`: %s ceil %s is below its rate %s: write at least the rate",
			     class->name, side->name, units_rate_text(ceil->bps, low),
			     units_rate_text(rate->bps, high));
}

/* True where nothing was wrong: only then are sums worth a word. */
static bool check_side(struct reader *reader, const struct side *side)
{
	struct config *config = reader->config;
	size_t errors = reader->diags->errors;
	bool all_usable = true;
	for (size_t c = 0; c < config->n_classes; c++) {
		struct config_class *class = &config->classes[c];
		const struct config_share *share = side_share(side, class);
		if (!share_is_usable(share)) {
			all_usable = false;
			continue;
		}
		check_order(reader, class, side, share);
		for (size_t i = 0; i < config->n_interfaces; i++)
			check_on_interface(reader, class, side, &config->interfaces[i]);
	}
	return all_usable && reader->diags->errors == errors;
}

/* What the interface's classes from `first` on are sure of, together. */
static uint64_t sum_rates(const struct config *config, const struct side *side,
			  const struct config_interface *interface, size_t first)
{
	uint64_t sum = 0;
	for (size_t c = first; c < config->n_classes; c++)
		if (config_class_is_on(&config->classes[c], interface))
			sum += side->rates(&config->classes[c], side_line(side, interface))
				       .rate_bps;
	return sum;
}

/* Where no interface is shaped this way, shares can be summed up all the same. */
static double percent_left(const struct config *config, const struct side *side)
{
	double left = 100;
	for (size_t c = 1; c < config->n_classes; c++) {
		const struct config_rate *rate = &side_share(side, &config->classes[c])->rate;
		bool is_everywhere = !config->classes[c].interface;
		left -= is_everywhere && rate->is_percent ? rate->percent : 0;
	}
	for (size_t i = 0; i < config->n_interfaces; i++) {
		uint64_t line_bps = side_line(side, &config->interfaces[i]);
		if (line_bps == 0)
			continue;
		uint64_t sum = sum_rates(config, side, &config->interfaces[i], 1);
		double here =
			sum < line_bps ? 100.0 * (double)(line_bps - sum) / (double)line_bps : 0;
		left = here < left ? here : left;
	}
	return left;
}

/* The smallest share that any interface has left, in hundredths, at least 1 %. */
static void fill_default(const struct config *config, const struct side *side)
{
	struct config_rate *rate = &side_share(side, &config->classes[0])->rate;
	double left = percent_left(config, side);
	rate->percent = left > 1 ? (double)(uint64_t)(left * 100 + 0.001) / 100 : 1;
}

static void check_sums(struct reader *reader, const struct side *side)
{
	const struct config *config = reader->config;
	char sum_text[UNITS_TEXT_MAX], line[UNITS_TEXT_MAX];
	for (size_t i = 0; i < config->n_interfaces; i++) {
		const struct config_interface *interface = &config->interfaces[i];
		uint64_t line_bps = side_line(side, interface);
		uint64_t sum = sum_rates(config, side, interface, 0);
		if (line_bps && sum > line_bps)
			diag_warning(reader->diags, interface->at,
				     "the %s rates of all classes are %s together, and %s has %s: "
				     "they can exceed the line",
				     side->name, units_rate_text(sum, sum_text), interface->name,
				     units_rate_text(line_bps, line));
	}
}

void check_classes(struct reader *reader)
{
	for (size_t i = 0; i < SIDES; i++) {
		if (!check_side(reader, &sides[i]))
			continue;
		if (reader->config->classes[0].is_implicit)
			fill_default(reader->config, &sides[i]);
		check_sums(reader, &sides[i]);
	}
}
