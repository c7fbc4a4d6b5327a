/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "owner/habits.h"

#include <string.h>

void habits_fini(struct habits *habits)
{
	for (unsigned i = 0; i < HABITS_MAX; i++)
		process_facts_unref(habits->last[i].facts);
	memset(habits, 0, sizeof(*habits));
}

/* A process has but one; the oldest makes room. */
static unsigned number_of(const struct habits *habits, uint32_t uid, uint32_t pid)
{
	for (unsigned i = 0; i < HABITS_MAX; i++) {
		const struct habit *habit = &habits->last[i];
		if (!habit->facts || (habit->uid == uid && habit->facts->pid == pid))
			return i;
	}
	return HABITS_MAX - 1;
}

void habits_note(struct habits *habits, uint32_t uid, struct procfs_place place,
		 struct process_facts *facts)
{
	unsigned number = number_of(habits, uid, facts->pid);
	struct habit habit = {uid, place, process_facts_ref(facts)};
	process_facts_unref(habits->last[number].facts);
	memmove(&habits->last[1], &habits->last[0], number * sizeof(habit));
	habits->last[0] = habit;
}

unsigned habits_of(const struct habits *habits, uint32_t uid, struct habit *ret_habits,
		   unsigned room)
{
	unsigned count = 0;
	for (unsigned i = 0; i < HABITS_MAX && count < room; i++) {
		const struct habit *habit = &habits->last[i];
		if (!habit->facts || habit->uid != uid || atomic_load(&habit->facts->is_over))
			continue;
		ret_habits[count] = *habit;
		process_facts_ref(habit->facts);
		count++;
	}
	return count;
}
