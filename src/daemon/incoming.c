/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/incoming.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/shaper.h"
#include "util/alloc.h"

void incoming_fini(struct incoming *incoming)
{
	free(incoming->why);
	*incoming = (struct incoming){0};
}

/* The first interface that is to be shaped in this way, or NULL. */
static const struct config_interface *find_via(const struct config *config, enum config_in_via via)
{
	for (size_t i = 0; i < config->n_interfaces; i++)
		if (config->interfaces[i].in_bps && config->interfaces[i].in.via == via)
			return &config->interfaces[i];
	return NULL;
}

static void probe(struct incoming *incoming)
{
	if (!incoming->is_probed)
		incoming->can_ifb = shaper_can_ifb(&incoming->why);
	incoming->is_probed = true;
}

int incoming_choose(struct incoming *incoming, struct snapshot_known *known,
		    struct snapshot **snapshot, char **ret_why)
{
	const struct config *config = (*snapshot)->config;
	const struct config_interface *wants = find_via(config, IN_VIA_IFB);
	struct diags diags;
	if (!wants && !find_via(config, IN_VIA_AUTO))
		return 0;
	probe(incoming);
	known->lacks_ifb = !incoming->can_ifb;
	if (incoming->can_ifb)
		return 0;
	if (wants) {
		*ret_why = xasprintf("%s:%u:%u: `in-via: ifb` cannot work for %s here: %s; "
				     "`in-via: auto` would take police",
				     wants->in.at.file, wants->in.at.line, wants->in.at.column,
				     wants->name, incoming->why);
		return -EOPNOTSUPP;
	}
	if ((*snapshot)->auto_via == IN_VIA_POLICE)
		return 0;
	diags_init(&diags);
	struct snapshot *other =
		snapshot_derive(*snapshot, &(*snapshot)->list, &known->ids, IN_VIA_POLICE, &diags);
	diags_fini(&diags);
	/* The same classes and outcomes: what there was room for once, there is room for again. */
	if (!other)
		return -EINVAL;
	snapshot_free(*snapshot);
	*snapshot = other;
	return 0;
}

char *incoming_reason(const struct incoming *incoming, const struct config_interface *interface)
{
	switch (interface->in.via) {
	case IN_VIA_IFB:
	case IN_VIA_POLICE:
	case IN_VIA_INTERFACES:
		return xstrdup("as the configuration says");
	case IN_VIA_AUTO:
		break;
	}
	if (incoming->can_ifb)
		return xstrdup("auto: an IFB device works here");
	return xasprintf("auto: no IFB, %s", incoming->why ? incoming->why : "not known why");
}
