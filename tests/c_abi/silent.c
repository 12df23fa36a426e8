// SPDX-License-Identifier: MIT
// Breaks a promise without a bareheap_panic() of its own: the library's must stop it.
#include "bareheap/bareheap.h"

static unsigned char memory[4096];

int main(void) {
  bareheap_free(bareheap_init(memory, sizeof memory, BAREHEAP_DEFAULT), memory);
  return 0;
}
