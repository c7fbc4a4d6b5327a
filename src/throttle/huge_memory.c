/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "throttle/huge_memory.h"

#include <stdint.h>
#include <sys/mman.h>

/* Reserves one huge page more than is asked for, and gives back what is before and behind. */
static uint8_t *map_aligned(size_t bytes)
{
	uint8_t *memory = mmap(NULL, bytes + HUGE_PAGE_BYTES, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	size_t before = -(uintptr_t)memory % HUGE_PAGE_BYTES;
	if (before)
		munmap(memory, before);
	munmap(memory + before + bytes, HUGE_PAGE_BYTES - before);
	return memory + before;
}

void *huge_memory_map(size_t bytes, size_t small_bytes)
{
	uint8_t *memory = map_aligned(bytes);
	/* Kernels that have no huge pages refuse, which changes nothing but speed. */
	if (memory && small_bytes < bytes)
		(void)madvise(memory + small_bytes, bytes - small_bytes, MADV_HUGEPAGE);
	return memory;
}
