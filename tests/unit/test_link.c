/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Interfaces that come, change their names and go, in a network namespace of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/link.h"
#include "net/nlbatch.h"

static struct mnl_socket *requests;

static struct nlmsghdr *begin(char *buffer, uint16_t type, uint16_t flags, unsigned ifindex)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	info->ifi_index = (int)ifindex;
	return nlh;
}

/* A veth: its other end is called PEER. */
static unsigned add(const char *name, const char *peer)
{
	char buffer[512] __attribute__((aligned(8))) = {0};
	struct nlmsghdr *nlh = begin(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	struct nlattr *data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	struct nlattr *other = mnl_attr_nest_start(nlh, 1 /* VETH_INFO_PEER */);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, peer);
	mnl_attr_nest_end(nlh, other);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	assert_int_equal(nl_request(requests, nlh, NULL, NULL, NULL), 0);
	return if_nametoindex(name);
}

static void rename_to(unsigned ifindex, const char *name)
{
	char buffer[512] __attribute__((aligned(8))) = {0};
	struct nlmsghdr *nlh = begin(buffer, RTM_NEWLINK, 0, ifindex);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	assert_int_equal(nl_request(requests, nlh, NULL, NULL, NULL), 0);
}

static void del(unsigned ifindex)
{
	char buffer[512] __attribute__((aligned(8))) = {0};
	assert_int_equal(
		nl_request(requests, begin(buffer, RTM_DELLINK, 0, ifindex), NULL, NULL, NULL), 0);
}

static bool readable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	return poll(&poll_fd, 1, 0) == 1;
}

struct seen {
	char text[1024];
};

static void note(const char *name, unsigned ifindex, bool present, void *data)
{
	struct seen *seen = data;
	size_t used = strlen(seen->text);
	(void)ifindex;
	snprintf(seen->text + used, sizeof(seen->text) - used, "%c%s ", present ? '+' : '-', name);
}

static void monitor_reports_each_change(void **state)
{
	(void)state;
	struct link_monitor *monitor = link_monitor_open();
	struct seen seen = {""};
	assert_non_null(monitor);
	assert_int_equal(link_monitor_read(monitor, note, &seen), 0);
	assert_string_equal(seen.text, "");
	unsigned ifindex = add("here0", "there0");
	assert_true(readable(link_monitor_fd(monitor)));
	rename_to(ifindex, "other0");
	del(ifindex);
	assert_int_equal(link_monitor_read(monitor, note, &seen), 0);
	assert_non_null(strstr(seen.text, "+here0 "));
	assert_non_null(strstr(strstr(seen.text, "+here0 "), "+other0 "));
	assert_non_null(strstr(strstr(seen.text, "+other0 "), "-other0 "));
	assert_non_null(strstr(seen.text, "-there0 "));
	assert_false(readable(link_monitor_fd(monitor)));
	link_monitor_close(monitor);
}

static void monitor_tells_of_lost_events(void **state)
{
	(void)state;
	struct link_monitor *monitor = link_monitor_open();
	struct seen seen = {""};
	int size = 1;
	assert_non_null(monitor);
	/* The kernel makes it its minimum, about two messages. */
	assert_int_equal(
		setsockopt(link_monitor_fd(monitor), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)),
		0);
	unsigned ifindex = add("here1", "there1");
	rename_to(ifindex, "other1");
	rename_to(ifindex, "third1");
	del(ifindex);
	assert_int_equal(link_monitor_read(monitor, note, &seen), -ENOBUFS);
	assert_int_equal(link_monitor_read(monitor, note, &seen), 0);
	link_monitor_close(monitor);
}

static void names_follow_renames(void **state)
{
	(void)state;
	struct link_names *names = link_names_new();
	assert_non_null(names);
	assert_null(link_names_get(names, 0));
	assert_null(link_names_get(names, 99999));
	assert_string_equal(link_names_get(names, 1), "lo");
	unsigned ifindex = add("here2", "there2"), peer = if_nametoindex("there2");
	const char *first = link_names_get(names, ifindex);
	assert_string_equal(first, "here2");
	assert_string_equal(link_names_get(names, peer), "there2");
	/* Both are good until the next update, and are not looked up again. */
	assert_ptr_equal(link_names_get(names, ifindex), first);
	assert_int_equal(link_names_update(names), 0);
	assert_ptr_equal(link_names_get(names, ifindex), first);
	rename_to(ifindex, "other2");
	assert_string_equal(link_names_get(names, ifindex), "here2");
	assert_true(readable(link_names_fd(names)));
	assert_int_equal(link_names_update(names), 0);
	assert_string_equal(link_names_get(names, ifindex), "other2");
	del(ifindex);
	assert_int_equal(link_names_update(names), 0);
	assert_null(link_names_get(names, ifindex));
	assert_null(link_names_get(names, peer));
	assert_string_equal(link_names_get(names, 1), "lo");
	link_names_free(names);
	link_names_free(NULL);
}

static void names_survive_lost_events(void **state)
{
	(void)state;
	struct link_names *names = link_names_new();
	int size = 1;
	assert_non_null(names);
	assert_int_equal(
		setsockopt(link_names_fd(names), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	unsigned ifindex = add("here3", "there3");
	assert_string_equal(link_names_get(names, ifindex), "here3");
	rename_to(ifindex, "other3");
	rename_to(ifindex, "third3");
	assert_int_equal(link_names_update(names), 0);
	assert_string_equal(link_names_get(names, ifindex), "third3");
	del(ifindex);
	link_names_free(names);
}

static int set_up(void **state)
{
	(void)state;
	requests = nl_open(NETLINK_ROUTE);
	return requests ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	mnl_socket_close(requests);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(monitor_reports_each_change),
		cmocka_unit_test(monitor_tells_of_lost_events),
		cmocka_unit_test(names_follow_renames),
		cmocka_unit_test(names_survive_lost_events),
	};
	if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET)) {
		fputs("SKIP: no network namespace of our own\n", stderr);
		return 77;
	}
	return cmocka_run_group_tests_name("link", tests, set_up, tear_down);
}
