/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "config/read.h"
#include "config/values.h"
#include "nfshaper/mark.h"
#include "util/alloc.h"
#include "util/text.h"

void read_version(struct reader *reader, const char *key, const struct node *value, void *field)
{
	(void)field;
	if (strcmp(value->text, "1") != 0)
		report_error(reader->diags, value->at, "`%s` is `%s`: this program reads version 1",
			     key, SHOWN(value->text));
}

void read_ruleset(struct reader *reader, const char *key, const struct node *value, void *field)
{
	static const char *const words[] = {"managed", "manual"};
	struct config *config = field;
	size_t position;
	if (value_word(reader, key, value, words, 2, &position))
		config->manual_ruleset = position == 1;
}

char *path_beside(const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	if (path[0] == '/' || !slash)
		return xstrdup(path);
	return xasprintf("%.*s/%s", (int)(slash - file), file, path);
}

void read_geoip(struct reader *reader, const char *key, const struct node *value, void *field)
{
	struct config *config = field;
	char *path = NULL;
	value_name(reader, key, value, &path);
	config->geoip_at = value->at;
	config->geoip = path ? path_beside(value->at.file, path) : NULL;
	free(path);
}

void read_mark_mask(struct reader *reader, const char *key, const struct node *value, void *field)
{
	struct config *config = field;
	uint64_t mask = 0;
	int error = text_to_u64(value->text, UINT32_MAX, &mask);
	uint64_t run = mask ? mask >> __builtin_ctzll(mask) : 0;
	int bits = __builtin_popcountll(mask);
	if (error || (run & (run + 1)) || bits < NFSHAPER_MASK_BITS_MIN ||
	    bits > NFSHAPER_MASK_BITS_MAX) {
		report_error(reader->diags, value->at,
			     "`%s` is `%s`: write %d to %d adjacent bits of 32, such as 0xff000000",
			     key, SHOWN(value->text), NFSHAPER_MASK_BITS_MIN,
			     NFSHAPER_MASK_BITS_MAX);
		return;
	}
	config->mark_mask = (uint32_t)mask;
	config->mark_mask_at = value->at;
}
