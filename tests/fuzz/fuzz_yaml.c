/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reader of rules.yaml: any bytes are a configuration or a list of errors. */
#include <sys/mman.h>
#include <unistd.h>

#include "config/config.h"
#include "fuzz.h"
#include "rules/ruleset.h"

static void load(const char *path)
{
	struct diags diags;
	diags_init(&diags);
	struct config *config = config_load(path, &diags);
	ENSURE(config || diags.errors > 0);
	if (config) {
		/* With errors, too: those in the expressions are reported in the same run. */
		size_t errors = diags.errors;
		struct ruleset *ruleset = ruleset_compile(config, &diags);
		/* Behind the first hundred errors no more are counted. */
		ENSURE(ruleset ? diags.errors == errors : diags.errors > 0);
		ruleset_free(ruleset);
	}
	diags_sort(&diags);
	for (size_t i = 0; i < diags.count; i++)
		ENSURE(diags.items[i].message[0] != '\0');
	config_free(config);
	diags_fini(&diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	int fd = memfd_create("rules.yaml", MFD_CLOEXEC);
	ENSURE(fd >= 0);
	ENSURE(write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	load(path);
	close(fd);
	return 0;
}
