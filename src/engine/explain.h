/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The decision on a connection's first packet, rule by rule, for a person to read. Takes the
 * sessions of throttles as empty and charges nothing.
 */
#ifndef ENGINE_EXPLAIN_H
#define ENGINE_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/decide.h"

struct explain_step {
	const char *rule; /* borrowed from the snapshot */
	bool matched;
	char *why;
};

struct explanation {
	const char *exemption;         /* why the packet is not judged, or NULL */
	const char *rule;              /* the rule that settled it, or NULL */
	const struct outcome *outcome; /* class default where the packet is not judged */
	uint32_t mark;                 /* 0 where none is stored */
	struct explain_step *steps;    /* up to the rule that settled it */
	size_t n_steps;
	bool disagrees;         /* trying one rule after the other settles it otherwise: our bug */
	const char *plain_rule; /* then: the rule that settles it so, or NULL */
};

/*
 * Asks the classifier, as the packet path does, and beside it one rule after the other, from which
 * the steps are. Where the two differ, whoever shows the explanation has to say so loudly; the
 * outcome is what the packet path does, and the steps reach up to the later of the two rules.
 *
 * Fills *ret_explanation, which the caller empties with explanation_fini(); valid as long as the
 * snapshot lives. `exemption`, or NULL, is one that the caller knows of, such as by the addresses
 * of this host.
 */
void explain(const struct snapshot *snapshot, const struct facts *facts, const char *exemption,
	     struct explanation *ret_explanation);
void explanation_fini(struct explanation *explanation);

#endif
