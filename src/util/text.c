/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "util/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_COMPARED 64

int text_to_u64(const char *text, uint64_t max, uint64_t *ret_number)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;
	if (!(hex ? isxdigit((unsigned char)*digits) : isdigit((unsigned char)*digits)))
		return -EINVAL;
	char *end;
	errno = 0;
	unsigned long long number = strtoull(text, &end, hex ? 16 : 10);
	if (*end)
		return -EINVAL;
	if (errno == ERANGE || number > max)
		return -ERANGE;
	*ret_number = number;
	return 0;
}

/* Levenshtein's distance with one row of the matrix. */
static size_t distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	size_t row[NAME_MAX_COMPARED + 1];
	if (n > NAME_MAX_COMPARED || m > NAME_MAX_COMPARED)
		return SIZE_MAX;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t cost = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < cost)
				cost = row[j] + 1;
			if (row[j - 1] + 1 < cost)
				cost = row[j - 1] + 1;
			row[j] = cost;
		}
	}
	return row[m];
}

const char *text_nearest(const char *wrong, const char *const *names, size_t count)
{
	const char *best = NULL;
	size_t best_distance = strlen(wrong) / 3 + 1;
	for (size_t i = 0; i < count; i++) {
		size_t d = distance(wrong, names[i]);
		if (d <= best_distance && (!best || d < best_distance)) {
			best = names[i];
			best_distance = d;
		}
	}
	return best;
}
