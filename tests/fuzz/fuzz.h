/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz targets: libFuzzer calls them with what it makes up (configure --enable-fuzzer, clang),
 * and replay.c with the seeds in corpus/, in `make check` and with any compiler. A target takes
 * any bytes, and aborts where what must always hold does not.
 *
 *   tests/fuzz/fuzz_expr -max_total_time=300 NEW-CORPUS tests/fuzz/corpus/expr
 *
 * What a run finds is added to corpus/ together with its repair.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert() may be compiled out; this may not. */
#define ENSURE(condition)                                                                          \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__,           \
				#condition);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
