// SPDX-License-Identifier: MIT
// A program in C that is linked with libbareheap.a, the four memory functions and nothing else.
#include "bareheap/bareheap.h"
#include "c_abi/every_call.h"

static unsigned char memory[64 * 1024];

void bareheap_panic(const char *sentence, const void *address) {
  (void)sentence;
  (void)address;
  __builtin_trap();
}

int main(void) { return every_call(memory, sizeof memory) != 0; }
