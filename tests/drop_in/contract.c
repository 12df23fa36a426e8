// SPDX-License-Identifier: MIT
// What C, POSIX and glibc promise of malloc and its relatives, as far as any heap of a Linux program keeps it. Run with
// a heap and without: the answers are the same.
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;

static void expect(int holds, const char* what, int line) {
  if (holds) return;
  ++failures;
  printf("line %d: %s\n", line, what);
}
#define EXPECT(condition) expect((condition), #condition, __LINE__)

// So that the compiler knows nothing of what these sizes are.
static volatile size_t none = 0, most = PTRDIFF_MAX, all = SIZE_MAX;

static int is_aligned(const void* at, size_t alignment) { return (uintptr_t)at % alignment == 0; }

static int is_filled(const unsigned char* at, size_t size, unsigned char value) {
  for (size_t index = 0; index != size; ++index) {
    if (at[index] != value) return 0;
  }
  return 1;
}

static void sizes(void) {
  for (size_t size = 0; size < 70000; size = size + 1 + size / 7) {
    errno = 77;
    unsigned char* const at = malloc(size);
    EXPECT(at != NULL && is_aligned(at, 16) && malloc_usable_size(at) >= size && errno == 77);
    memset(at, 0xA5, malloc_usable_size(at));
    free(at);
    EXPECT(errno == 77);
  }
  void* const first = malloc(none);
  void* const second = malloc(none);
  EXPECT(first != NULL && second != NULL && first != second);
  free(first);
  free(second);
  free(NULL);
  EXPECT(malloc_usable_size(NULL) == 0);
}

static void refusals(void) {
  const size_t sizes[] = {most + 1, all, all - 15, all - 4096, most};
  for (size_t index = 0; index != sizeof sizes / sizeof *sizes; ++index) {
    errno = 0;
    EXPECT(malloc(sizes[index]) == NULL && errno == ENOMEM);
    errno = 0;
    EXPECT(calloc(sizes[index], 1) == NULL && errno == ENOMEM);
    errno = 0;
    EXPECT(calloc(sizes[index] / 8, 17) == NULL && errno == ENOMEM);
    errno = 0;
    EXPECT(aligned_alloc(64, sizes[index]) == NULL && errno == ENOMEM);
    errno = 0;
    EXPECT(memalign(1 << 20, sizes[index]) == NULL && errno == ENOMEM);
    errno = 0;
    EXPECT(pvalloc(sizes[index]) == NULL && errno == ENOMEM);
    errno = 0;
    char* volatile kept = strdup("kept");  // the compiler thinks it gone
    EXPECT(realloc(kept, sizes[index]) == NULL && errno == ENOMEM);
    errno = 0;
    EXPECT(reallocarray(kept, sizes[index], 2) == NULL && errno == ENOMEM);
    EXPECT(strcmp(kept, "kept") == 0);
    free(kept);
    void* result = &failures;
    EXPECT(posix_memalign(&result, 64, sizes[index]) == ENOMEM && result == &failures);
  }
}

static void alignments(void) {
  for (size_t alignment = sizeof(void*); alignment <= (size_t)4 << 20; alignment *= 2) {
    for (size_t size = 0; size < 100000; size = size * 9 + 1) {
      void* result = NULL;
      EXPECT(posix_memalign(&result, alignment, size) == 0 && is_aligned(result, alignment));
      memset(result, 1, size);
      void* const second = memalign(alignment, size);
      EXPECT(second != NULL && is_aligned(second, alignment) && second != result);
      free(result);
      void* const third = aligned_alloc(alignment, size);
      EXPECT(third != NULL && is_aligned(third, alignment));
      free(second);
      free(third);
    }
  }
  void* result = &failures;
  errno = 77;
  EXPECT(posix_memalign(&result, 3 * sizeof(void*), 8) == EINVAL);
  EXPECT(posix_memalign(&result, 4, 8) == EINVAL && posix_memalign(&result, none, 8) == EINVAL);
  EXPECT(result == &failures && errno == 77);
  void* const page = valloc(3);
  EXPECT(is_aligned(page, 4096));
  void* const pages = pvalloc(3);
  EXPECT(is_aligned(pages, 4096) && malloc_usable_size(pages) >= 4096);
  free(page);
  free(pages);
}

// What was freed has no zeros; a calloc must.
static void zeros(void) {
  for (size_t size = 1; size < (size_t)12 << 20; size = size * 3 + 5) {
    unsigned char* at = malloc(size);
    memset(at, 0xA5, size);
    free(at);
    at = calloc(1, size);
    EXPECT(at != NULL && is_filled(at, size, 0));
    memset(at, 0xA5, size);
    unsigned char* const second = calloc(size, 1);
    EXPECT(second != NULL && is_filled(second, size, 0));
    free(second);
    free(at);
  }
  unsigned char* const none_at_all = calloc(none, 8);
  EXPECT(none_at_all != NULL);
  free(none_at_all);
}

static void reallocations(void) {
  unsigned char* at = realloc(NULL, 10);
  memset(at, 1, 10);
  size_t filled = 10;
  for (size_t size = 11; size < (size_t)40 << 20; size += 3 + size / 3) {
    at = realloc(at, size);
    EXPECT(at != NULL && is_filled(at, filled, 1) && malloc_usable_size(at) >= size);
    memset(at, 1, size);
    filled = size;
  }
  for (size_t size = filled; size > 10; size -= 2 + size / 3) {
    errno = 77;
    at = realloc(at, size);
    EXPECT(at != NULL && is_filled(at, size, 1) && errno == 77);
  }
  EXPECT(realloc(at, none) == NULL && errno == 77);
  at = reallocarray(NULL, 100, 100);
  EXPECT(at != NULL && malloc_usable_size(at) >= 10000);
  free(at);
}

int main(void) {
  sizes();
  refusals();
  alignments();
  zeros();
  reallocations();
  char* line = NULL;
  EXPECT(asprintf(&line, "%d", 7) == 1);  // of the C library, freed by the program
  free(line);
  puts(failures == 0 ? "all holds" : "not all holds");
  return failures != 0;
}
