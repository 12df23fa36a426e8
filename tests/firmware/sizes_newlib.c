// SPDX-License-Identifier: MIT
// What newlib's own malloc asks of a machine.
#include <stdint.h>

extern char __heap_start[], __heap_end[];

void* _sbrk(int bytes) {
  static char* end = __heap_start;
  char* const before = end;
  if (bytes > __heap_end - end) return (void*)(intptr_t)-1;
  end += bytes;
  return before;
}
