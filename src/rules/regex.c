/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * PCRE2 takes all its memory while matching from a block on the stack, so that the packet path
 * allocates nothing and several threads may use one pattern. The sizes fit the library's first
 * vector of frames (20 KiB), doubled until the heap limit.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>

#include "rules/pattern.h"
#include "util/alloc.h"

#define STEPS_MAX 20000 /* about as many internal calls of match() */
#define HEAP_MAX_KIB 64
#define NESTING_MAX 64
#define BLOCK_SIZE (144 * 1024)
#define ALIGNMENT _Alignof(max_align_t)

struct regex {
	pcre2_code *code;
};

struct block {
	size_t used;
	_Alignas(max_align_t) unsigned char bytes[BLOCK_SIZE];
};

static void *block_take(size_t size, void *data)
{
	struct block *block = data;
	size_t need = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (need < size || need > sizeof(block->bytes) - block->used)
		return NULL;
	block->used += need;
	return block->bytes + block->used - need;
}

static void block_give(void *memory, void *data)
{
	/* The whole block goes at once, with the stack frame. */
	(void)memory;
	(void)data;
}

struct regex *regex_new(const struct expr_value *value, struct fault *fault)
{
	int error;
	PCRE2_SIZE at;
	PCRE2_UCHAR message[128];
	if (value->length > PATTERN_LENGTH_MAX) {
		fault_set(fault, value->offset, "the regular expression is longer than %d bytes",
			  PATTERN_LENGTH_MAX);
		return NULL;
	}
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	if (!context)
		abort(); /* as xcalloc() does */
	pcre2_set_parens_nest_limit(context, NESTING_MAX);
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)value->text, value->length, PCRE2_NEVER_UTF,
					 &error, &at, context);
	pcre2_compile_context_free(context);
	if (!code) {
		pcre2_get_error_message(error, message, sizeof(message));
		fault_set(fault, value->offset + (at < value->length ? at : value->length),
			  "this is not a regular expression: %s", (const char *)message);
		return NULL;
	}
	struct regex *regex = xcalloc(1, sizeof(*regex));
	regex->code = code;
	return regex;
}

void regex_free(struct regex *regex)
{
	if (!regex)
		return;
	pcre2_code_free(regex->code);
	free(regex);
}

bool regex_matches(const struct regex *regex, const char *text, size_t length)
{
	struct block block;
	block.used = 0;
	pcre2_general_context *general =
		pcre2_general_context_create(block_take, block_give, &block);
	pcre2_match_context *context = pcre2_match_context_create(general);
	pcre2_match_data *found = pcre2_match_data_create(1, general);
	if (!context || !found)
		return false;
	pcre2_set_match_limit(context, STEPS_MAX);
	pcre2_set_heap_limit(context, HEAP_MAX_KIB);
	return pcre2_match(regex->code, (PCRE2_SPTR)text, length, 0, 0, found, context) >= 0;
}
