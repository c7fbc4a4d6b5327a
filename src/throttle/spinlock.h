/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A lock for sections of some hundred nanoseconds: who waits tries again a while, and then lends
 * its priority to the holder (util/mutex.h). Workers are real-time threads, what saves and prints
 * sessions is not: without that a worker would wait until every other real-time thread of the
 * processor is done that took it from the holder.
 */
#ifndef THROTTLE_SPINLOCK_H
#define THROTTLE_SPINLOCK_H

#include "util/mutex.h"

#define SPINLOCK_TRIES 64

struct spinlock {
	pthread_mutex_t mutex;
};

/* For spinlock_fini(). */
static inline void spinlock_init(struct spinlock *lock)
{
	mutex_init(&lock->mutex);
}

static inline void spinlock_fini(struct spinlock *lock)
{
	pthread_mutex_destroy(&lock->mutex);
}

static inline void spinlock_lock(struct spinlock *lock)
{
	for (int tries = 0; tries < SPINLOCK_TRIES; tries++) {
		if (pthread_mutex_trylock(&lock->mutex) == 0)
			return;
	}
	pthread_mutex_lock(&lock->mutex);
}

static inline void spinlock_unlock(struct spinlock *lock)
{
	pthread_mutex_unlock(&lock->mutex);
}

#endif
