/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Memory for large tables, in huge pages where the kernel has them: one of a million sessions costs
 * more in the translation of its address than in memory otherwise.
 */
#ifndef THROTTLE_HUGE_MEMORY_H
#define THROTTLE_HUGE_MEMORY_H

#include <stddef.h>

#define HUGE_PAGE_BYTES (2ul << 20)

/*
 * `bytes` of zeroes (a multiple of HUGE_PAGE_BYTES), aligned to huge pages; given by the kernel
 * page by page as they are first used. The first `small_bytes` stay in small pages, for tables that
 * stay small themselves. NULL: no address space. munmap(2) for the result.
 */
void *huge_memory_map(size_t bytes, size_t small_bytes);

#endif
