/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLI_SHOW_RULES_H
#define CLI_SHOW_RULES_H

#include "cli/cli.h"
#include "config/config.h"

/* `show rules`: the rules in the order in which they are tried, and what each does. */
void show_rules(const struct cli *cli, const struct config *config);

#endif
