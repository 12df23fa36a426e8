// SPDX-License-Identifier: MIT
// A malloc that never gives memory again, and says at its end how often it was called: what replay_test.py preloads.
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { header = 16 };

static _Alignas(4096) char memory[256 << 20];
static size_t used;
static unsigned long mallocs, callocs, reallocs, aligneds, frees;

static void *lend(size_t size, size_t alignment) {
  const size_t at = (used + header + alignment - 1) / alignment * alignment;
  if (size > sizeof memory - at) return NULL;
  used = at + size;
  memcpy(memory + at - header, &size, sizeof size);
  return memory + at;
}

void *malloc(size_t size) { return ++mallocs, lend(size, 16); }
void *calloc(size_t count, size_t size) { return ++callocs, lend(count * size, 16); }
void free(void *block) { frees += block != NULL; }

void *realloc(void *block, size_t size) {
  ++reallocs;
  void *const moved = lend(size, 16);
  if (moved == NULL || block == NULL) return moved;
  size_t before;
  memcpy(&before, (char *)block - header, sizeof before);
  return memcpy(moved, block, before < size ? before : size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
  ++aligneds;
  *block = lend(size, alignment);
  return *block == NULL ? ENOMEM : 0;
}

// Only for the program that replays: it is preloaded into those that start it too.
__attribute__((destructor)) static void tell(void) {
  char name[256] = "";
  if (readlink("/proc/self/exe", name, sizeof name - 1) < 0 || strstr(name, "bareheap-replay-malloc") == NULL) return;
  dprintf(2, "%lu mallocs, %lu callocs, %lu reallocs, %lu aligned, %lu frees\n", mallocs, callocs, reallocs, aligneds,
          frees);
}
