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
#include <time.h>
#include <unistd.h>

#include "kernel/procfs.h"
#include "owner/question.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/hurry.h"
#include "util/mutex.h"

#define REST_PER_ANSWER_NS 50000u
#define REST_MOST_NS 1000000u

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
	if (slot->mailbox) {
		slots_add(&slot->mailbox->answered, slot);
		signal_fd(slot->mailbox->fd);
	} else {
		question_end(&slot->question, &resolver->shop);
		slots_add(&resolver->free, slot);
	}
	pthread_mutex_unlock(&resolver->lock);
}

/* One step at each question. Returns how many are answered. */
static unsigned work(struct resolver *resolver, struct slots *questions)
{
	struct slots rest;
	struct slot *slot;
	unsigned answered = 0;
	slots_init(&rest);
	resolver->shop.is_busy = questions->first && questions->first->next;
	while ((slot = slots_take(questions))) {
		if (question_work(&slot->question, &resolver->shop)) {
			answer(resolver, slot);
			answered++;
		} else {
			slots_add(&rest, slot);
		}
	}
	while ((slot = slots_take(&rest)))
		slots_add(questions, slot);
	return answered;
}

/*
 * Where several were asked at once, more will come: one look at the descriptors of a process then
 * answers them all. Rests for about as long as it would search for each by itself.
 */
static void gather(unsigned answered)
{
	if (answered < 2)
		return;
	uint64_t rest_ns = answered * REST_PER_ANSWER_NS;
	const struct timespec rest = {
		.tv_nsec = (long)(rest_ns < REST_MOST_NS ? rest_ns : REST_MOST_NS)};
	nanosleep(&rest, NULL);
}

/* All events that were there when something was asked are behind it when the work begins. */
static void *run(void *data)
{
	struct resolver *resolver = data;
	struct workshop *shop = &resolver->shop;
	struct slots questions;
	pthread_setname_np(pthread_self(), "nfshaper-owners");
	slots_init(&questions);
	struct pollfd fds[] = {
		{.fd = resolver->wake_fd, .events = POLLIN},
		{.fd = shop->events ? proc_events_fd(shop->events) : -1, .events = POLLIN},
	};
	while (take_questions(resolver, &questions)) {
		if (shop->events)
			workshop_follow(shop, 0);
		unsigned answered = work(resolver, &questions);
		if (questions.first) {
			sched_yield(); /* to the workers, whose priority is the same */
			continue;
		}
		gather(answered);
		poll(fds, 2, -1);
		if (fds[0].revents)
			clear_fd(resolver->wake_fd);
	}
	for (struct slot *slot; (slot = slots_take(&questions));)
		question_end(&slot->question, shop);
	return NULL;
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
	workshop_close(&resolver->shop);
	if (resolver->wake_fd >= 0)
		close(resolver->wake_fd);
	pthread_mutex_destroy(&resolver->lock);
	free(resolver);
}

struct resolver *resolver_new(struct owner_cache *cache, struct owner_counters *counters,
			      char **ret_why)
{
	struct resolver *resolver = xcalloc(1, sizeof(*resolver));
	mutex_init(&resolver->lock);
	slots_init(&resolver->free);
	slots_init(&resolver->asked);
	for (unsigned i = 0; i < RESOLVER_QUESTIONS; i++)
		slots_add(&resolver->free, &resolver->slots[i]);
	resolver->wake_fd = eventfd(0, EFD_CLOEXEC);
	int error = resolver->wake_fd < 0 ? -errno : 0;
	if (!error)
		error = workshop_open(&resolver->shop, cache, counters);
	if (!error)
		error = start_thread(resolver);
	if (!error)
		return resolver;
	*ret_why = xasprintf("the owners of connections cannot be looked up: %s", strerror(-error));
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
	return resolver->shop.why_not;
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
		question_end(&slot->question, &resolver->shop);
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
		 struct found *known, uint64_t token)
{
	struct resolver *resolver = mailbox->resolver;
	pthread_mutex_lock(&resolver->lock);
	bool is_first = !resolver->asked.first;
	struct slot *slot = slots_take(&resolver->free);
	if (slot) {
		slot->mailbox = mailbox;
		slot->question = (struct question){
			.query = *query,
			.level = level,
			.token = token,
			.asked_ns = clock_monotonic_ns(),
			.has_looked = known != NULL,
		};
		if (known) {
			slot->question.found = *known;
			*known = (struct found){0};
		}
		slots_add(&resolver->asked, slot);
	}
	pthread_mutex_unlock(&resolver->lock);
	/* Where others wait to be taken, the thread has been woken already. */
	if (slot && is_first)
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
