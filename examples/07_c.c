// SPDX-License-Identifier: MIT
// 7. The heap in C: a region goes in, blocks come out.
#include <bareheap/bareheap.h>

#include <stdio.h>
#include <stdlib.h>

static unsigned char memory[16 * 1024];

// A promise was broken, such as a block that is freed twice. There is no way back.
void bareheap_panic(const char *sentence, const void *address) {
  fprintf(stderr, "%s: %p\n", sentence, address);
  abort();
}

static void show(void *context, const struct bareheap_extent *extent) {
  const char *const *names = context;
  printf("  %-4s %zu bytes\n", names[extent->kind], extent->size);
}

int main(void) {
  bareheap *heap = bareheap_init(memory, sizeof memory, BAREHEAP_DEFAULT);
  if (heap == NULL) return 1;  // too small, or flags that do not exist

  size_t count = 10;
  int *numbers = bareheap_allocate(heap, count * sizeof *numbers, 0);  // 0: the alignment that is good for every type
  void *buffer = bareheap_allocate_zeroed(heap, 512, 512);             // or a power of two
  if (numbers == NULL || buffer == NULL) return 2;                     // no room

  int *more = bareheap_reallocate(heap, numbers, count * sizeof *numbers, 0, 1000 * sizeof *numbers);
  if (more != NULL) {  // else the old block is what it was
    numbers = more;
    count = 1000;
  }

  const char *names[] = {"free", "used", "meta", "held"};
  printf("a heap of %zu bytes:\n", sizeof memory);
  bareheap_walk(heap, show, names);

  bareheap_deallocate(heap, numbers, count * sizeof *numbers, 0);  // where the size is known
  bareheap_free(heap, buffer);                                     // where it is not

  struct bareheap_statistics statistics;
  bareheap_stats(heap, &statistics);
  printf("%zu bytes are lent at the end, %s\n", statistics.used_bytes, bareheap_fault_sentence(bareheap_check(heap)));
  return 0;
}
