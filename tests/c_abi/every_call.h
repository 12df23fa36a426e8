// SPDX-License-Identifier: MIT
// Every call of the C interface, from C. It runs on the host and on every board.
#ifndef BAREHEAP_TESTS_C_ABI_EVERY_CALL_H
#define BAREHEAP_TESTS_C_ABI_EVERY_CALL_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Tries every engine on the region, which has 64 KiB at least. 0, or the line of the first expectation that failed.
int every_call(void *region, size_t size);

#ifdef __cplusplus
}
#endif

#endif
