// SPDX-License-Identifier: MIT
// Calls what newlib calls inside, before main(): each answers with memory of the heap, and an error is left in the
// state that was handed over, not in the caller's.
#include "firmware.h"

#include <errno.h>
#include <malloc.h>
#include <reent.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Declared by no header.
void* _pvalloc_r(struct _reent* reent, size_t size);

static struct _reent other;

static void check_lent(void* at, size_t size, size_t alignment, const char* what) {
  check(heap_owns(at) && (uintptr_t)at % alignment == 0 && _malloc_usable_size_r(&other, at) >= size, what);
  _free_r(&other, at);
}

static void check_refused(const void* at, int error, const char* what) {
  check(at == NULL && other._errno == error && errno == 0, what);
  other._errno = 0;
}

__attribute__((constructor)) static void call_inner_names(void) {
  volatile size_t all = SIZE_MAX;
  errno = EIO;
  other._errno = ENOENT;
  check_lent(_malloc_r(&other, 100), 100, 8, "_malloc_r");
  check_lent(_calloc_r(&other, 20, 5), 100, 8, "_calloc_r");
  check_lent(_memalign_r(&other, 64, 100), 100, 64, "_memalign_r");
  check_lent(_valloc_r(&other, 100), 100, 4096, "_valloc_r");
  check_lent(_pvalloc_r(&other, 100), 4096, 4096, "_pvalloc_r");
  void* at = _realloc_r(&other, NULL, 10);
  at = _realloc_r(&other, at, 1000);
  check(errno == EIO && other._errno == ENOENT, "errors are left as they were");
  errno = other._errno = 0;
  check_refused(_realloc_r(&other, at, all / 4), ENOMEM, "_realloc_r has no room");
  check_lent(at, 1000, 8, "_realloc_r");
  check_refused(_realloc_r(&other, _malloc_r(&other, 1), 0), 0, "_realloc_r to nothing");
  check_refused(_malloc_r(&other, all / 4), ENOMEM, "_malloc_r has no room");
  check_refused(_calloc_r(&other, all / 2 + 2, 2), ENOMEM, "_calloc_r's product overflows");
  check_refused(_memalign_r(&other, 24, 10), EINVAL, "_memalign_r to no power of two");
  check_refused(_valloc_r(&other, all / 4), ENOMEM, "_valloc_r has no room");
  check_refused(_pvalloc_r(&other, all), ENOMEM, "_pvalloc_r's sum overflows");
}
