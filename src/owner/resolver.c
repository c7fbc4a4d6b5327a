/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "owner/resolver.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kernel/procfs.h"
#include "owner/question.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/hurry.h"
#include "util/mutex.h"

/* A place for a question: free, asked, worked at, or answered. */
struct slot {
	struct slot *next;       /* of the list that it is in */
	struct mailbox *mailbox; /* NULL: nobody waits for it any more */
	struct question question;
};

struct slots {
	struct slot *first;
	struct slot **last;
};

struct mailbox {
	struct resolver *resolver;
	struct slots answered;
	int fd; /* eventfd */
};

struct resolver {
	struct workshop shop;
	struct proc_events *events; /* NULL: there are none, because … */
	char *why_not;
	pthread_t thread;
	int wake_fd;          /* eventfd: there is a question, or the end */
	pthread_mutex_t lock; /* of all that follows, and of the mailboxes */
	bool is_ending;
	bool hurries;
	struct slots free;
	struct slots asked;
	struct slot slots[RESOLVER_QUESTIONS];
};

static void slots_init(struct slots *slots)
{
	slots->first = NULL;
	slots->last = &slots->first;
}

static void slots_add(struct slots *slots, struct slot *slot)
{
	slot->next = NULL;
	*slots->last = slot;
	slots->last = &slot->next;
}

static struct slot *slots_take(struct slots *slots)
{
	struct slot *slot = slots->first;
	if (slot)
		slots->first = slot->next;
	if (!slots->first)
		slots->last = &slots->first;
	return slot;
}

static void signal_fd(int fd)
{
	uint64_t one = 1;
	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void clear_fd(int fd)
{
	uint64_t count;
	while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

static void change(const struct proc_change *change, void *data)
{
	process_table_change(data, change);
}

/* What has happened until now, before anything is searched. */
static void follow(struct resolver *resolver)
{
	if (!resolver->events)
		return;
	owner_cache_set_behind(resolver->shop.cache, true);
	int error = proc_events_read(resolver->events, change, resolver->shop.table);
	if (error == -ENOBUFS)
		/* Which of them have gone on to another program is lost, too. */
		process_table_scan(resolver->shop.table, false);
	owner_cache_set_behind(resolver->shop.cache, false);
}

/* Moves what was asked to the list of work, and does as it is told. False: it is to end. */
static bool take_questions(struct resolver *resolver, struct slots *work)
{
	pthread_mutex_lock(&resolver->lock);
	bool goes_on = !resolver->is_ending, hurries = resolver->hurries;
	resolver->hurries = false;
	struct slot *slot;
	while ((slot = slots_take(&resolver->asked)))
		slots_add(work, slot);
	pthread_mutex_unlock(&resolver->lock);
	if (hurries)
		hurry();
	return goes_on;
}

static void answer(struct resolver *resolver, struct slot *slot)
{
	pthread_mutex_lock(&resolver->lock);
	int fd = -1;
	if (slot->mailbox) {
		fd = slot->mailbox->fd;
		slots_add(&slot->mailbox->answered, slot);
		signal_fd(fd);
	} else {
		question_end(&slot->question);
		slots_add(&resolver->free, slot);
	}
	pthread_mutex_unlock(&resolver->lock);
}

/* One step at each question. */
static void work(struct resolver *resolver, struct slots *questions)
{
	struct slots rest;
	struct slot *slot;
	slots_init(&rest);
	while ((slot = slots_take(questions))) {
		if (question_work(&slot->question, &resolver->shop))
			answer(resolver, slot);
		else
			slots_add(&rest, slot);
	}
	while ((slot = slots_take(&rest)))
		slots_add(questions, slot);
}

static void *run(void *data)
{
	struct resolver *resolver = data;
	struct slots questions;
	pthread_setname_np(pthread_self(), "nfshaper-owners");
	slots_init(&questions);
	struct pollfd fds[] = {
		{.fd = resolver->wake_fd, .events = POLLIN},
		{.fd = resolver->events ? proc_events_fd(resolver->events) : -1, .events = POLLIN},
	};
	do {
		poll(fds, 2, questions.first ? 0 : -1);
		if (fds[0].revents)
			clear_fd(resolver->wake_fd);
		follow(resolver);
		work(resolver, &questions);
		if (questions.first)
			sched_yield(); /* to the workers, whose priority is the same */
	} while (take_questions(resolver, &questions));
	for (struct slot *slot; (slot = slots_take(&questions));)
		question_end(&slot->question);
	return NULL;
}

static int open_parts(struct resolver *resolver, char **ret_why)
{
	struct workshop *shop = &resolver->shop;
	resolver->wake_fd = eventfd(0, EFD_CLOEXEC);
	shop->diag = sock_diag_open();
	shop->cgroups = cgroup_open();
	if (resolver->wake_fd >= 0 && shop->diag)
		return 0;
	int error = -errno;
	*ret_why = xasprintf("the owners of connections cannot be looked up: %s", strerror(-error));
	return error;
}

/* Signals are the main thread's. */
static int start_thread(struct resolver *resolver)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&resolver->thread, NULL, run, resolver);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -error;
}

static void close_parts(struct resolver *resolver)
{
	proc_events_close(resolver->events);
	free(resolver->why_not);
	process_table_free(resolver->shop.table);
	sock_diag_close(resolver->shop.diag);
	cgroup_close(resolver->shop.cgroups);
	if (resolver->wake_fd >= 0)
		close(resolver->wake_fd);
	pthread_mutex_destroy(&resolver->lock);
	free(resolver);
}

struct resolver *resolver_new(struct owner_cache *cache, struct owner_counters *counters,
			      char **ret_why)
{
	struct resolver *resolver = xcalloc(1, sizeof(*resolver));
	resolver->shop = (struct workshop){
		.proc = PROCFS,
		.cache = cache,
		.counters = counters,
		.table = process_table_new(PROCFS),
	};
	mutex_init(&resolver->lock);
	slots_init(&resolver->free);
	slots_init(&resolver->asked);
	for (unsigned i = 0; i < RESOLVER_QUESTIONS; i++)
		slots_add(&resolver->free, &resolver->slots[i]);
	int error = open_parts(resolver, ret_why);
	if (!error) {
		/* First the events, then those that were there before. */
		resolver->events = proc_events_open(&resolver->why_not);
		resolver->shop.is_followed = resolver->events != NULL;
		owner_cache_set_followed(cache, resolver->shop.is_followed);
		if (resolver->events)
			owner_cache_set_events(cache, proc_events_fd(resolver->events));
		process_table_scan(resolver->shop.table, true);
		error = start_thread(resolver);
	}
	if (!error)
		return resolver;
	close_parts(resolver);
	errno = -error;
	return NULL;
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	pthread_mutex_lock(&resolver->lock);
	resolver->is_ending = true;
	pthread_mutex_unlock(&resolver->lock);
	signal_fd(resolver->wake_fd);
	pthread_join(resolver->thread, NULL);
	close_parts(resolver);
}

void resolver_hurry(struct resolver *resolver)
{
	pthread_mutex_lock(&resolver->lock);
	resolver->hurries = true;
	pthread_mutex_unlock(&resolver->lock);
	signal_fd(resolver->wake_fd);
}

const char *resolver_lacks_events(const struct resolver *resolver)
{
	return resolver->why_not;
}

struct mailbox *mailbox_new(struct resolver *resolver)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	if (fd < 0)
		return NULL;
	struct mailbox *mailbox = xcalloc(1, sizeof(*mailbox));
	mailbox->resolver = resolver;
	mailbox->fd = fd;
	slots_init(&mailbox->answered);
	return mailbox;
}

void mailbox_free(struct mailbox *mailbox)
{
	struct resolver *resolver = mailbox->resolver;
	struct slot *slot;
	pthread_mutex_lock(&resolver->lock);
	for (unsigned i = 0; i < RESOLVER_QUESTIONS; i++)
		if (resolver->slots[i].mailbox == mailbox)
			resolver->slots[i].mailbox = NULL;
	while ((slot = slots_take(&mailbox->answered))) {
		question_end(&slot->question);
		slots_add(&resolver->free, slot);
	}
	pthread_mutex_unlock(&resolver->lock);
	close(mailbox->fd);
	free(mailbox);
}

int mailbox_fd(const struct mailbox *mailbox)
{
	return mailbox->fd;
}

bool mailbox_ask(struct mailbox *mailbox, const struct owner_query *query, enum owner_level level,
		 uint64_t token)
{
	struct resolver *resolver = mailbox->resolver;
	pthread_mutex_lock(&resolver->lock);
	struct slot *slot = slots_take(&resolver->free);
	if (slot) {
		slot->mailbox = mailbox;
		slot->question = (struct question){
			.query = *query,
			.level = level,
			.token = token,
			.asked_ns = clock_monotonic_ns(),
		};
		slots_add(&resolver->asked, slot);
	}
	pthread_mutex_unlock(&resolver->lock);
	if (slot)
		signal_fd(resolver->wake_fd);
	return slot != NULL;
}

bool mailbox_take(struct mailbox *mailbox, struct answer *ret_answer)
{
	struct resolver *resolver = mailbox->resolver;
	pthread_mutex_lock(&resolver->lock);
	struct slot *slot = slots_take(&mailbox->answered);
	if (slot) {
		*ret_answer = (struct answer){
			.token = slot->question.token,
			.level = slot->question.level,
			.found = slot->question.found,
		};
		slot->mailbox = NULL;
		slots_add(&resolver->free, slot);
	}
	pthread_mutex_unlock(&resolver->lock);
	if (slot)
		clear_fd(mailbox->fd);
	return slot != NULL;
}
