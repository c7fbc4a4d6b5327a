/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UTIL_MUTEX_H
#define UTIL_MUTEX_H

#include <pthread.h>

/*
 * Makes a mutex of which a thread that waits for it lends its priority to the one that has it
 * (PTHREAD_PRIO_INHERIT): real-time threads may share it with ordinary ones. For
 * pthread_mutex_destroy().
 */
void mutex_init(pthread_mutex_t *mutex);

#endif
