// SPDX-License-Identifier: MIT
// What a board's kit puts in front of malloc by the linker's --wrap: here it counts.
#include <stdio.h>
#include <stdlib.h>

void* __real_malloc(size_t size);
void* __wrap_malloc(size_t size);

void* __wrap_malloc(size_t size) {
  static unsigned calls;
  if (++calls == 2) puts("wrapped");
  return __real_malloc(size);
}
