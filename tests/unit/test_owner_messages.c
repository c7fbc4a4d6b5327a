/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel says of sockets and processes, and what control groups are called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>

#include "kernel/cgroup.h"
#include "kernel/proc_events.h"
#include "kernel/sock_diag.h"

static void assert_unit(const char *path, const char *expected)
{
	size_t length = 0;
	const char *unit = cgroup_unit(path, &length);
	if (!expected) {
		assert_null(unit);
		return;
	}
	assert_non_null(unit);
	assert_int_equal(length, strlen(expected));
	assert_memory_equal(unit, expected, length);
}

static void units(void **state)
{
	(void)state;
	assert_unit("/system.slice/ssh.service", "ssh.service");
	assert_unit("/system.slice/docker-1.scope/init", "docker-1.scope");
	assert_unit("/user.slice/user-1000.slice/user@1000.service/app.slice/firefox.service",
		    "firefox.service");
	assert_unit("/user.slice/user-1000.slice/session-2.scope", "session-2.scope");
	assert_unit("/user.slice/user-1000.slice", NULL);
	assert_unit("/", NULL);
	assert_unit("", NULL);
	assert_unit("/.service", NULL);
	assert_unit("/a.servicex/b", NULL);
}

static char buffer[1024] __attribute__((aligned(8)));

static struct nlmsghdr *put_socket(uint8_t state, uint32_t inode, uint32_t uid)
{
	memset(buffer, 0, sizeof(buffer));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct inet_diag_msg *message = mnl_nlmsg_put_extra_header(nlh, sizeof(*message));
	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	message->idiag_state = state;
	message->idiag_inode = inode;
	message->idiag_uid = uid;
	return nlh;
}

static void a_socket(void **state)
{
	(void)state;
	struct nlmsghdr *nlh = put_socket(TCP_ESTABLISHED, 4711, 1000);
	mnl_attr_put_u8(nlh, INET_DIAG_SHUTDOWN, 3);
	mnl_attr_put_u64(nlh, INET_DIAG_CGROUP_ID, 0x100000007);
	struct sock_answer answer = sock_answer_read(nlh);
	assert_int_equal(answer.error, 0);
	assert_true(answer.is_connected);
	assert_false(answer.is_on_its_way);
	assert_true(answer.info.has_uid);
	assert_int_equal(answer.info.uid, 1000);
	assert_int_equal(answer.info.inode, 4711);
	assert_int_equal(answer.info.cgroup_id, 0x100000007);
	/* An attribute of another size than expected is none. */
	nlh = put_socket(TCP_ESTABLISHED, 4711, 1000);
	mnl_attr_put_u32(nlh, INET_DIAG_CGROUP_ID, 7);
	assert_int_equal(sock_answer_read(nlh).info.cgroup_id, 0);
}

static void sockets_that_are_not_connected(void **state)
{
	(void)state;
	assert_false(sock_answer_read(put_socket(TCP_LISTEN, 1, 0)).is_connected);
	assert_false(sock_answer_read(put_socket(TCP_CLOSE, 1, 0)).is_connected);
	assert_true(sock_answer_read(put_socket(TCP_SYN_SENT, 1, 0)).is_connected);
}

static void sockets_that_no_process_has(void **state)
{
	static const uint8_t on_its_way[] = {12, TCP_SYN_RECV, TCP_ESTABLISHED, TCP_CLOSE_WAIT};
	static const uint8_t over[] = {TCP_TIME_WAIT, TCP_FIN_WAIT1, TCP_FIN_WAIT2, TCP_LAST_ACK};
	(void)state;
	for (size_t i = 0; i < sizeof(on_its_way); i++) {
		struct sock_answer answer = sock_answer_read(put_socket(on_its_way[i], 0, 0));
		assert_true(answer.is_on_its_way);
		assert_false(answer.info.has_uid);
		assert_false(sock_answer_read(put_socket(on_its_way[i], 5, 0)).is_on_its_way);
	}
	for (size_t i = 0; i < sizeof(over); i++) {
		struct sock_answer answer = sock_answer_read(put_socket(over[i], 0, 0));
		assert_false(answer.is_on_its_way);
		assert_false(answer.info.has_uid);
		assert_int_equal(answer.error, 0);
	}
}

static void answers_that_are_none(void **state)
{
	(void)state;
	struct nlmsghdr *nlh = put_socket(TCP_ESTABLISHED, 1, 0);
	nlh->nlmsg_len -= 4;
	assert_int_equal(sock_answer_read(nlh).error, -EBADMSG);
	nlh = put_socket(TCP_ESTABLISHED, 1, 0);
	nlh->nlmsg_type = NLMSG_DONE;
	assert_int_equal(sock_answer_read(nlh).error, -EBADMSG);
	nlh = mnl_nlmsg_put_header(buffer);
	struct nlmsgerr *error = mnl_nlmsg_put_extra_header(nlh, sizeof(*error));
	nlh->nlmsg_type = NLMSG_ERROR;
	error->error = -ENOENT;
	assert_int_equal(sock_answer_read(nlh).error, -ENOENT);
	error->error = 0;
	assert_int_equal(sock_answer_read(nlh).error, -EBADMSG);
	nlh->nlmsg_len = NLMSG_HDRLEN;
	assert_int_equal(sock_answer_read(nlh).error, -EBADMSG);
}

struct event_message {
	struct nlmsghdr head;
	struct cb_id id;
	uint32_t numbers[3]; /* the rest of struct cn_msg */
	struct proc_event event;
} __attribute__((packed, aligned(NLMSG_ALIGNTO)));

static struct event_message message;

static void put_event(unsigned what, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	uint32_t numbers[] = {a, b, c, d};
	message = (struct event_message){.id = {CN_IDX_PROC, CN_VAL_PROC}};
	memcpy((char *)&message + offsetof(struct event_message, event), &what, sizeof(what));
	memcpy((char *)&message + offsetof(struct event_message, event.event_data), numbers,
	       sizeof(numbers));
}

static bool read_event(struct proc_change *ret_change)
{
	return proc_change_read(&message, sizeof(message), ret_change);
}

static void events_of_processes(void **state)
{
	struct proc_change change;
	(void)state;
	put_event(PROC_EVENT_FORK, 11, 10, 20, 20);
	assert_true(read_event(&change));
	assert_int_equal(change.kind, PROC_BEGINS);
	assert_int_equal(change.pid, 20);
	assert_int_equal(change.parent, 10);
	put_event(PROC_EVENT_EXEC, 21, 20, 0, 0); /* by a thread */
	assert_true(read_event(&change));
	assert_int_equal(change.kind, PROC_EXECS);
	assert_int_equal(change.pid, 20);
	put_event(PROC_EVENT_UID, 20, 20, 1000, 1001); /* real, effective */
	assert_true(read_event(&change));
	assert_int_equal(change.kind, PROC_CHANGES_USER);
	assert_int_equal(change.uid, 1001);
	put_event(PROC_EVENT_GID, 20, 20, 1000, 1001);
	assert_true(read_event(&change));
	assert_int_equal(change.kind, PROC_CHANGES_GROUP);
	put_event(PROC_EVENT_EXIT, 20, 20, 0, 0);
	assert_true(read_event(&change));
	assert_int_equal(change.kind, PROC_ENDS);
	assert_int_equal(change.pid, 20);
}

static void events_of_no_process(void **state)
{
	struct proc_change change;
	(void)state;
	put_event(PROC_EVENT_FORK, 11, 10, 21, 20); /* threads */
	assert_false(read_event(&change));
	put_event(PROC_EVENT_EXIT, 21, 20, 0, 0);
	assert_false(read_event(&change));
	put_event(PROC_EVENT_COMM, 20, 20, 0, 0);
	assert_false(read_event(&change));
	put_event(PROC_EVENT_NONE, 0, 0, 0, 0);
	assert_false(read_event(&change));
	put_event(PROC_EVENT_EXIT, 20, 20, 0, 0);
	message.id.idx++;
	assert_false(read_event(&change));
	put_event(PROC_EVENT_EXIT, 20, 20, 0, 0);
	assert_false(proc_change_read(&message, offsetof(struct event_message, event.event_data),
				      &change));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units),
		cmocka_unit_test(a_socket),
		cmocka_unit_test(sockets_that_are_not_connected),
		cmocka_unit_test(sockets_that_no_process_has),
		cmocka_unit_test(answers_that_are_none),
		cmocka_unit_test(events_of_processes),
		cmocka_unit_test(events_of_no_process),
	};
	return cmocka_run_group_tests_name("owner_messages", tests, NULL, NULL);
}
