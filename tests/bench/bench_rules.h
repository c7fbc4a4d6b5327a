/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules and packets for bench_rules.c. */
#ifndef TESTS_BENCH_RULES_H
#define TESTS_BENCH_RULES_H

#include "config/config.h"
#include "rules/ruleset.h"

extern uint64_t bench_random_state;

/* Writes a rules.yaml to a new file, whose path the caller frees after unlinking it. */
char *bench_write_rules(size_t n_rules);

/* A packet that may meet any one of so many rules. *packet has to outlive the facts. */
void bench_random_facts(size_t n_rules, struct packet *ret_packet, struct facts *ret_facts);

#endif
