/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/leftovers.h"

#include <string.h>

#include "kernel/shaper.h"
#include "kernel/table.h"
#include "util/log.h"

bool leftovers_remove(void)
{
	struct table_counters counters;
	struct nl_error error;
	if (table_read_counters(&counters))
		return false;
	if (table_remove(&error) || shaper_remove_others(NULL, &error))
		log_error("not all that a killed daemon left could be removed: %s",
			  strerror(-error.code));
	return true;
}
