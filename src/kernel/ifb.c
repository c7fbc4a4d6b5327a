/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/ifb.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

#define ROOM 512
#define KIND "ifb"

const char *ifb_alias(const char *of, char *buffer)
{
	snprintf(buffer, IFB_ALIAS_ROOM, "nfshaper: what comes in by %s", of);
	return buffer;
}

static struct nlmsghdr *begin(char *buffer, uint16_t type, uint16_t flags, int ifindex)
{
	memset(buffer, 0, ROOM);
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	info->ifi_family = AF_UNSPEC;
	info->ifi_index = ifindex;
	return nlh;
}

static int request(struct mnl_socket *socket, struct nlmsghdr *nlh, const char *what,
		   struct nl_error *error)
{
	int result = nl_request(socket, nlh, NULL, NULL, error);
	if (result && error)
		error->what = what;
	return result;
}

static void take_kind(const struct nlattr *nest, struct ifb *ifb)
{
	const struct nlattr *attr;
	mnl_attr_for_each_nested (attr, nest)
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			snprintf(ifb->kind, sizeof(ifb->kind), "%s", mnl_attr_get_str(attr));
}

/* False for what is no device. */
static bool take(const struct nlmsghdr *nlh, const char *alias, struct ifb *ret_ifb)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	struct ifb ifb = {0};
	const struct nlattr *attr;
	uint32_t group = 0;
	bool has_alias = false;
	if (nlh->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(nlh) < sizeof(*info))
		return false;
	mnl_attr_for_each (attr, nlh, sizeof(*info)) {
		if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
			take_kind(attr, &ifb);
		else if (mnl_attr_get_type(attr) == IFLA_GROUP)
			group = mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == IFLA_IFALIAS)
			has_alias = strcmp(mnl_attr_get_str(attr), alias) == 0;
	}
	ifb.ifindex = info->ifi_index;
	ifb.is_ours = strcmp(ifb.kind, KIND) == 0 && group == IFB_GROUP;
	ifb.is_ready = ifb.is_ours && has_alias && (info->ifi_flags & IFF_UP);
	*ret_ifb = ifb;
	return true;
}

struct finding {
	char alias[IFB_ALIAS_ROOM];
	struct ifb found;
};

static int take_one(const struct nlmsghdr *nlh, void *data)
{
	struct finding *finding = data;
	take(nlh, finding->alias, &finding->found);
	return MNL_CB_OK;
}

int ifb_find(struct mnl_socket *socket, const char *name, const char *of, struct ifb *ret_ifb,
	     struct nl_error *error)
{
	char buffer[ROOM] __attribute__((aligned(8)));
	struct finding finding = {0};
	struct nlmsghdr *nlh = begin(buffer, RTM_GETLINK, 0, 0);
	ifb_alias(of, finding.alias);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	int result = nl_request(socket, nlh, take_one, &finding, error);
	if (result == -ENODEV)
		result = 0;
	if (result)
		error->what = "looking for the IFB device";
	else
		*ret_ifb = finding.found;
	return result;
}

int ifb_make(struct mnl_socket *socket, const char *name, struct nl_error *error)
{
	char buffer[ROOM] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = begin(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put_u32(nlh, IFLA_GROUP, IFB_GROUP);
	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, KIND);
	mnl_attr_nest_end(nlh, info);
	int result = request(socket, nlh, "making the IFB device", error);
	if (result == -EOPNOTSUPP)
		snprintf(error->message, sizeof(error->message),
			 "this kernel has no devices of kind ifb (modprobe ifb, or a kernel with "
			 "CONFIG_IFB)");
	return result;
}

int ifb_raise(struct mnl_socket *socket, int ifindex, const char *of, struct nl_error *error)
{
	char buffer[ROOM] __attribute__((aligned(8))), alias[IFB_ALIAS_ROOM];
	struct nlmsghdr *nlh = begin(buffer, RTM_NEWLINK, 0, ifindex);
	struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	info->ifi_flags = info->ifi_change = IFF_UP;
	ifb_alias(of, alias);
	mnl_attr_put(nlh, IFLA_IFALIAS, strlen(alias), alias);
	return request(socket, nlh, "setting the IFB device up", error);
}

int ifb_remove(struct mnl_socket *socket, int ifindex, struct nl_error *error)
{
	char buffer[ROOM] __attribute__((aligned(8)));
	return request(socket, begin(buffer, RTM_DELLINK, 0, ifindex), "removing the IFB device",
		       error);
}

struct listing {
	int *ifindexes;
	size_t count, capacity;
};

static int take_ours(const struct nlmsghdr *nlh, void *data)
{
	struct listing *listing = data;
	struct ifb ifb;
	if (!take(nlh, "", &ifb) || !ifb.is_ours)
		return MNL_CB_OK;
	listing->ifindexes = array_grow(listing->ifindexes, listing->count, &listing->capacity,
					sizeof(*listing->ifindexes));
	listing->ifindexes[listing->count++] = ifb.ifindex;
	return MNL_CB_OK;
}

int ifb_list(struct mnl_socket *socket, int **ret_ifindexes, size_t *ret_count,
	     struct nl_error *error)
{
	char buffer[ROOM] __attribute__((aligned(8)));
	struct listing listing = {0};
	int result = nl_request(socket, begin(buffer, RTM_GETLINK, NLM_F_DUMP, 0), take_ours,
				&listing, error);
	if (result) {
		if (error)
			error->what = "listing the IFB devices";
		free(listing.ifindexes);
		return result;
	}
	*ret_ifindexes = listing.ifindexes;
	*ret_count = listing.count;
	return 0;
}
