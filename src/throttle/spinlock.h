/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A lock for sections of some hundred nanoseconds. Where the holder has lost its processor, the
 * waiting threads give theirs away, so that more workers than processors do no harm.
 */
#ifndef THROTTLE_SPINLOCK_H
#define THROTTLE_SPINLOCK_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#define SPINLOCK_TRIES 64

/* Begins as all zero. */
struct spinlock {
	atomic_bool is_held;
};

static inline void spinlock_wait(struct spinlock *lock)
{
	for (int tries = 0; atomic_load_explicit(&lock->is_held, memory_order_relaxed); tries++) {
		if (tries >= SPINLOCK_TRIES)
			sched_yield();
	}
}

static inline void spinlock_lock(struct spinlock *lock)
{
	while (atomic_exchange_explicit(&lock->is_held, true, memory_order_acquire))
		spinlock_wait(lock);
}

static inline void spinlock_unlock(struct spinlock *lock)
{
	atomic_store_explicit(&lock->is_held, false, memory_order_release);
}

#endif
