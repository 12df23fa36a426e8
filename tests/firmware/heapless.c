// SPDX-License-Identifier: MIT
// A program that allocates and has named no heap.
#include <stdlib.h>

void* volatile kept;

void _start(void) {
  kept = malloc(1);
  free(kept);
}
