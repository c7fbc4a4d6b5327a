/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/shaper_record.h"

#include <string.h>

void shaper_record_copy(const struct nlattr *attr, void *to, size_t size)
{
	size_t length = attr ? mnl_attr_get_payload_len(attr) : 0;
	memset(to, 0, size);
	if (length)
		memcpy(to, mnl_attr_get_payload(attr), length < size ? length : size);
}

bool shaper_record_read(const struct nlmsghdr *nlh, int ifindex, struct shaper_record *ret_record)
{
	struct shaper_record record = {.tcm = mnl_nlmsg_get_payload(nlh)};
	const struct nlattr *attr;
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*record.tcm) ||
	    (ifindex && record.tcm->tcm_ifindex != ifindex))
		return false;
	mnl_attr_for_each (attr, nlh, sizeof(*record.tcm)) {
		switch (mnl_attr_get_type(attr)) {
		case TCA_KIND:
			shaper_record_copy(attr, record.kind, sizeof(record.kind) - 1);
			break;
		case TCA_OPTIONS:
			record.options = attr;
			break;
		case TCA_STATS2:
			record.stats = attr;
			break;
		case TCA_STAB:
			record.size_table = attr;
			break;
		case TCA_INGRESS_BLOCK:
			shaper_record_copy(attr, &record.ingress_block,
					   sizeof(record.ingress_block));
			break;
		}
	}
	*ret_record = record;
	return true;
}

const struct nlattr *shaper_record_find(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;
	if (!nest)
		return NULL;
	mnl_attr_for_each_nested (attr, nest)
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}
