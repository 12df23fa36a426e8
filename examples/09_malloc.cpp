// SPDX-License-Identifier: MIT
// A program in C whose malloc is your heap, and so is that of the C library below it. On a board it is the same
// (docs/firmware_malloc.md); here the C library is that of this machine.
#include "bareheap/bareheap.hpp"

#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

constinit bareheap::GranuleHeap program_heap;
#include "bareheap/bindings/malloc.hpp"

// A board's linker script has the place: bareheap::Region::between(__heap_start, __heap_end).
alignas(4096) static constinit std::byte memory[std::size_t{1} << 20] = {};

// Before the other constructors, which may allocate.
[[gnu::constructor(101)]] static void give_memory() {
  if (!program_heap.init({memory, sizeof memory})) std::abort();
}

int main() {
  char* const text = strdup("made by the C library");
  std::printf("strdup's text lies in the heap: %s\n", program_heap.owns(text) ? "yes" : "no");
  void* const block = std::realloc(std::calloc(10, 10), 1000);
  std::printf("asked for 1000 bytes, got %zu\n", malloc_usable_size(block));
  std::free(block);
  std::free(text);
  const std::size_t used = bareheap::statistics_of(program_heap).used_bytes;
  std::printf("%zu bytes are still lent: to the C library, for printf\n", used);
  return program_heap.check() == bareheap::Fault::none ? 0 : 1;
}
