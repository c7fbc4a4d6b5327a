/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stands in for libFuzzer: gives a target each file that is named, or else those in its folder
 * CORPUS below the source folder ($srcdir).
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "util/alloc.h"

#define FILE_BYTES_MAX (1u << 20)

static void replay(const char *path)
{
	uint8_t *bytes = xcalloc(FILE_BYTES_MAX, 1);
	FILE *file = fopen(path, "rb");
	if (!file) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	size_t size = fread(bytes, 1, FILE_BYTES_MAX, file);
	ENSURE(feof(file) && !ferror(file));
	fclose(file);
	printf("%s: %zu bytes\n", path, size);
	fflush(stdout);
	bytes = xreallocarray(bytes, size ? size : 1, 1);
	ENSURE(LLVMFuzzerTestOneInput(bytes, size) == 0);
	free(bytes);
}

static int is_seed(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int replay_folder(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_seed, alphasort);
	if (count <= 0) {
		fprintf(stderr, "%s: %s\n", folder, count ? strerror(errno) : "no seeds there");
		return 1;
	}
	for (int i = 0; i < count; i++) {
		char *path = xasprintf("%s/%s", folder, entries[i]->d_name);
		replay(path);
		free(path);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

int main(int argc, char **argv)
{
	const char *source = getenv("srcdir");
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	if (argc > 1)
		return 0;
	char *folder = xasprintf("%s/tests/fuzz/corpus/" CORPUS, source ? source : ".");
	int status = replay_folder(folder);
	free(folder);
	return status;
}
