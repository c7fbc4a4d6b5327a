/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pyshaper.conf: either there are errors, or what is printed has none when it is loaded. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/import.h"
#include "engine/snapshot.h"
#include "fuzz.h"

static int fill(char *path, size_t size, const void *bytes, size_t length)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	ENSURE(fd >= 0);
	ENSURE(write(fd, bytes, length) == (ssize_t)length);
	snprintf(path, size, "/proc/self/fd/%d", fd);
	return fd;
}

static void check(const char *yaml, size_t length)
{
	char path[64];
	struct snapshot_known none = {0};
	struct diags diags;
	diags_init(&diags);
	int fd = fill(path, sizeof(path), yaml, length);
	struct snapshot *snapshot = snapshot_load(path, &none, &diags);
	if (!snapshot) {
		fputs(yaml, stderr);
		diags_print(&diags, stderr);
	}
	ENSURE(snapshot);
	snapshot_free(snapshot);
	diags_fini(&diags);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64], *yaml = NULL;
	size_t length = 0;
	struct diags diags;
	diags_init(&diags);
	int fd = fill(path, sizeof(path), data, size);
	FILE *out = open_memstream(&yaml, &length);
	ENSURE(out);
	int error = import_pyshaper(path, out, &diags);
	fclose(out);
	ENSURE((error != 0) == (diags.errors > 0));
	ENSURE(!error || length == 0);
	if (!error)
		check(yaml, length);
	free(yaml);
	diags_fini(&diags);
	close(fd);
	return 0;
}
