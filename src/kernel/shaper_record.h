/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What rtnetlink says about one qdisc, class or filter, taken apart. */
#ifndef KERNEL_SHAPER_RECORD_H
#define KERNEL_SHAPER_RECORD_H

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHAPER_KIND_SIZE 16 /* IFNAMSIZ, the kernel's limit too */

/* Points into the message. */
struct shaper_record {
	const struct tcmsg *tcm;
	char kind[SHAPER_KIND_SIZE];
	const struct nlattr *options;
	const struct nlattr *stats;
	const struct nlattr *size_table;
	uint32_t ingress_block; /* the number of an ingress qdisc's filter block, or 0 */
};

/* False for what is no such message, or of another interface than `ifindex` (0: of any). */
bool shaper_record_read(const struct nlmsghdr *nlh, int ifindex, struct shaper_record *ret_record);

/* The attribute of that type in `nest` (may be NULL), or NULL. */
const struct nlattr *shaper_record_find(const struct nlattr *nest, uint16_t type);

/* Copies at most `size` bytes of the value and fills the rest with zeros: attributes are aligned to
 * 4 bytes, our structs to 8, and those of an older kernel may be shorter. NULL gives zeros. */
void shaper_record_copy(const struct nlattr *attr, void *to, size_t size);

#endif
