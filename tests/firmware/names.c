// SPDX-License-Identifier: MIT
// Calls every name of the family as a program in C does, compiled by a compiler that knows what they mean.
#include "firmware.h"

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Not every <stdlib.h> declares these.
void* reallocarray(void* at, size_t count, size_t size);
void* aligned_alloc(size_t alignment, size_t size);
int posix_memalign(void** result, size_t alignment, size_t size);
void free_sized(void* at, size_t size);
void free_aligned_sized(void* at, size_t alignment, size_t size);

static const char text[] = "kept";

static int is_kept(const void* at) { return heap_owns(at) && memcmp(at, text, sizeof text) == 0; }
static int lies_at(const void* at, size_t alignment) { return heap_owns(at) && (uintptr_t)at % alignment == 0; }

// What a compiler makes one call of calloc() of.
__attribute__((noinline)) static unsigned char* cleared(size_t size) {
  unsigned char* const at = malloc(size);
  if (at != NULL) memset(at, 0, size);
  return at;
}

static int is_zero(const unsigned char* at, size_t size) {
  for (size_t index = 0; index < size; ++index)
    if (at[index] != 0) return 0;
  return heap_owns(at);
}

void call_every_name(void) {
  char* at = malloc(100);
  memcpy(at, text, sizeof text);
  check(is_kept(at) && malloc_usable_size(at) >= 100, "malloc");
  at = realloc(at, 3000);
  check(is_kept(at), "realloc");
  at = reallocarray(at, 20, 5);
  check(is_kept(at), "reallocarray");
  memset(at, 0xA5, 100);
  free_sized(at, 100);
  unsigned char* zeros = calloc(30, 7);
  check(is_zero(zeros, 210), "calloc");
  memset(zeros, 0xA5, 210);
  free(zeros);
  zeros = cleared(210);
  check(is_zero(zeros, 210), "malloc and memset");
  free(zeros);
  at = aligned_alloc(64, 100);
  check(lies_at(at, 64), "aligned_alloc");
  free_aligned_sized(at, 64, 100);
  at = memalign(256, 10);
  check(lies_at(at, 256), "memalign");
  free(at);
  void* placed = NULL;
  check(posix_memalign(&placed, 128, 10) == 0 && lies_at(placed, 128), "posix_memalign");
  free(placed);
  at = valloc(10);
  check(lies_at(at, 4096), "valloc");
  free(at);
  at = pvalloc(10);
  check(lies_at(at, 4096) && malloc_usable_size(at) >= 4096, "pvalloc");
  free(at);
  at = object_by_new();
  check(heap_owns(at), "operator new");
  delete_object(at);
}

void ask_for_too_much(void) {
  volatile size_t all = SIZE_MAX;
  errno = 0;
  check(malloc(all / 4) == NULL && errno == ENOMEM, "malloc has no room");
  errno = 0;
  check(calloc(all / 2 + 2, 2) == NULL && errno == ENOMEM, "calloc's product overflows");
  errno = 0;
  check(memalign(24, 10) == NULL && errno == EINVAL, "memalign to no power of two");
  free(NULL);
  check(errno == EINVAL, "free leaves errno");
}
