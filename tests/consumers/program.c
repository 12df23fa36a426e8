// SPDX-License-Identifier: MIT
// Somebody else's program in C, which leaves the stop to the library.
#include <bareheap/bareheap.h>

#include <stdio.h>

static unsigned char memory[4096];

int main(void) {
  bareheap *heap = bareheap_init(memory, sizeof memory, BAREHEAP_SMALL);
  void *block = bareheap_allocate(heap, 100, 0);
  bareheap_free(heap, block);
  printf("bareheap %s\n", bareheap_version());
  return block != NULL && bareheap_check(heap) == 0 ? 0 : 1;
}
