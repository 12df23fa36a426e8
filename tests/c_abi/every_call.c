// SPDX-License-Identifier: MIT
#include "c_abi/every_call.h"

#include "bareheap/bareheap.h"

#include <stdint.h>

#define EXPECT(holds) \
  if (!(holds)) return __LINE__

struct sums {
  size_t bytes;
  size_t used;
};

static void sum_up(void* context, const struct bareheap_extent* extent) {
  struct sums* sums = context;
  sums->bytes += extent->size;
  if (extent->kind == BAREHEAP_KIND_USED) sums->used += extent->size;
}

static int is_filled(const unsigned char* at, size_t size, unsigned char value) {
  while (size != 0) {
    if (at[--size] != value) return 0;
  }
  return 1;
}

static int blocks(bareheap* heap) {
  unsigned char* first = bareheap_allocate(heap, 100, 0);
  unsigned char* second = bareheap_allocate_zeroed(heap, 300, 64);
  EXPECT(first != NULL && second != NULL);
  EXPECT((uintptr_t)first % 16 == 0 && (uintptr_t)second % 64 == 0 && is_filled(second, 300, 0));
  EXPECT(bareheap_usable_size(heap, first) >= 100 && bareheap_owns(heap, first) && !bareheap_owns(heap, &first));
  for (size_t index = 0; index < 100; ++index) first[index] = 7;

  EXPECT(bareheap_reallocate(heap, first, 100, 0, SIZE_MAX) == NULL && is_filled(first, 100, 7));
  first = bareheap_reallocate(heap, first, 100, 0, 1000);
  EXPECT(first != NULL && is_filled(first, 100, 7));
  EXPECT(!bareheap_resize(heap, first, 1000, 0, SIZE_MAX) && bareheap_resize(heap, first, 1000, 0, 1000));

  struct sums sums = {0, 0};
  struct bareheap_statistics statistics;
  bareheap_walk(heap, sum_up, &sums);
  bareheap_stats(heap, &statistics);
  EXPECT(sums.used == statistics.used_bytes && statistics.used_bytes >= 1300);
  EXPECT(sums.bytes == statistics.free_bytes + statistics.used_bytes + statistics.meta_bytes);

  bareheap_deallocate(heap, first, 1000, 0);
  bareheap_free(heap, second);
  bareheap_trim(heap);
  bareheap_stats(heap, &statistics);
  EXPECT(statistics.used_bytes == 0 && bareheap_check(heap) == 0);
  return 0;
}

int every_call(void* region, size_t size) {
  static const unsigned engines[] = {
      BAREHEAP_DEFAULT,    BAREHEAP_SMALL,     BAREHEAP_REAL_TIME, BAREHEAP_SMALL | BAREHEAP_REAL_TIME,
      BAREHEAP_CHECKED,    BAREHEAP_HOLE_LIST, BAREHEAP_PAGES,     BAREHEAP_BUMP,
      BAREHEAP_STORY_PAGES};
  const size_t half = size / 2 - ((uintptr_t)region + size / 2) % 4096;  // so that StoryPages can go on behind it
  for (size_t index = 0; index < sizeof engines / sizeof *engines; ++index) {
    bareheap* heap = bareheap_init(region, half, engines[index]);
    EXPECT(heap != NULL);
    const int line = blocks(heap);
    if (line != 0) return line;
    EXPECT(bareheap_add(heap, (char*)region + half, size - half) == (engines[index] != BAREHEAP_BUMP));
  }
  bareheap* none = bareheap_init(region, size, BAREHEAP_NULL);
  EXPECT(none != NULL && bareheap_allocate(none, 1, 1) == NULL);
  EXPECT(bareheap_version()[0] != '\0' && bareheap_fault_sentence(0)[0] == 'n');
  return 0;
}
