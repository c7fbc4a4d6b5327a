/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `nfshaper import`: the configuration of pyshaper as a rules.yaml. */
#ifndef CLI_IMPORT_H
#define CLI_IMPORT_H

#include <stdio.h>

#include "util/diag.h"

/*
 * Reads a pyshaper.conf and writes what means the same as rules.yaml. What has no equivalent, and
 * what this version would refuse, is a comment that says so: the result always passes `check`.
 * Returns 0, or -EINVAL with errors in *diags and nothing written.
 */
int import_pyshaper(const char *path, FILE *out, struct diags *diags);

#endif
