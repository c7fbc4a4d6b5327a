/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/import_model.h"
#include "net/addr.h"
#include "util/alloc.h"

struct order {
	struct import_entry *entries;
	size_t count;
	size_t capacity;
};

static void add(struct order *order, const struct import_interface *interface,
		struct import_class *class, struct import_rule *rule)
{
	order->entries =
		array_grow(order->entries, order->count, &order->capacity, sizeof(*order->entries));
	order->entries[order->count++] = (struct import_entry){interface, class, rule};
}

/* tc(8), which got it, let bits be set behind a prefix. */
static void print_address(FILE *out, const char *name, const char *address)
{
	struct prefix prefix;
	char network[ADDR_PORT_TEXT_MAX];
	if (prefix_parse(address, &prefix) == -EDOM)
		address = prefix_text(&prefix, network);
	fprintf(out, "%s == '%s'", name, address);
}

/* False where the class is not static. */
static bool make_fixed(struct import_class *class)
{
	struct import_rule *rule = &class->fixed;
	const char *and = "";
	size_t length;
	if (!class->raddr && !class->laddr && !class->rport && !class->lport)
		return false;
	FILE *out = open_memstream(&rule->expression, &length);
	if (!out)
		abort(); /* as xcalloc() does */
	if (class->raddr) {
		print_address(out, "raddr", class->raddr);
		and = " and ";
	}
	if (class->rport) {
		fprintf(out, "%srport == %u", and, class->rport);
		and = " and ";
	}
	if (class->laddr) {
		fputs(and, out);
		print_address(out, "laddr", class->laddr);
		and = " and ";
	}
	if (class->lport)
		fprintf(out, "%slport == %u", and, class->lport);
	fclose(out);
	import_rule_check(rule);
	return true;
}

/*
 * Static rules came before tests, and among themselves in the order of their classes' priorities,
 * because a filter's preference was its class's; equal ones in the file's order.
 */
static void add_static(struct order *order, const struct import_interface *interface)
{
	size_t first = order->count;
	for (size_t i = 0; i < interface->n_classes; i++) {
		struct import_class *class = interface->classes[i];
		if (!make_fixed(class))
			continue;
		add(order, interface, class, &class->fixed);
		for (size_t at = order->count - 1;
		     at > first && order->entries[at - 1].class->priority > class->priority; at--) {
			order->entries[at] = order->entries[at - 1];
			order->entries[at - 1] =
				(struct import_entry){interface, class, &class->fixed};
		}
	}
}

struct import_entry *import_order_rules(struct import_model *model, size_t *ret_count)
{
	struct order order = {0};
	for (size_t i = 0; i < model->n_interfaces; i++) {
		const struct import_interface *interface = model->interfaces[i];
		add_static(&order, interface);
		for (size_t c = 0; c < interface->n_classes; c++)
			for (size_t r = 0; r < interface->classes[c]->n_rules; r++)
				add(&order, interface, interface->classes[c],
				    &interface->classes[c]->rules[r]);
	}
	*ret_count = order.count;
	return order.entries;
}
