/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Flowtables of the live ruleset. A flow that one has taken over goes past all hooks, so that its
 * packets are in no class and no throttle counts them (Documentation/networking/nf_flowtable.rst).
 */
#ifndef KERNEL_FLOWTABLE_H
#define KERNEL_FLOWTABLE_H

/* `text` is such as `inet fw: fast`: family and table, and the flowtable's name. */
typedef void flowtable_visit(const char *text, void *data);

/* Calls `each` for every flowtable of the network namespace. 0 or a negative errno. */
int flowtable_find(flowtable_visit *each, void *data);

#endif
