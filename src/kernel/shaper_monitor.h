/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tells when somebody else removes or replaces what nfshaper put on an interface: its root or
 * ingress qdisc, or a class, leaf discipline or filter of these. What the shaper itself changes is
 * not reported.
 *
 * That an interface vanishes, an IFB device included, is for kernel/link.h to tell.
 */
#ifndef KERNEL_SHAPER_MONITOR_H
#define KERNEL_SHAPER_MONITOR_H

struct shaper_monitor;

/*
 * `name`: of the device whose qdisc it was; to be compared with `name` of a plan's interfaces, and,
 * for the ingress qdisc of PLAN_IFB, with `of`. May name an interface that is not planned any more.
 */
typedef void shaper_monitor_fn(const char *name, void *data);

/* NULL with errno. */
struct shaper_monitor *shaper_monitor_open(void);
void shaper_monitor_close(struct shaper_monitor *monitor);

/* For poll(2). */
int shaper_monitor_fd(const struct shaper_monitor *monitor);

/*
 * Calls `each` once for every interface concerned, without blocking. In it, shaper_apply() may be
 * called. Returns 0; -ENOBUFS where events were lost, so that the caller should apply all its
 * interfaces again; another negative errno where the socket is broken.
 */
int shaper_monitor_read(struct shaper_monitor *monitor, shaper_monitor_fn *each, void *data);

#endif
