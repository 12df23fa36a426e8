// SPDX-License-Identifier: MIT
// A program that calls five of malloc's family, for what they take.
#include <malloc.h>
#include <stdlib.h>

void* volatile block;

int main(void) {
  block = malloc(10);
  block = realloc(block, 20);
  free(block);
  block = calloc(3, 4);
  block = memalign(32, 8);
  return 0;
}
