// SPDX-License-Identifier: MIT
// A heap of the type that HEAP names, for what it takes.
#include "bareheap/engines/granule_heap.hpp"
#include "bareheap/engines/real_time_heap.hpp"

constinit bareheap::HEAP program_heap;
#include "bareheap/bindings/malloc_newlib.hpp"

extern "C" std::byte __heap_start[];
extern "C" std::byte __heap_end[];

[[gnu::constructor(101)]] void give_memory() {
  static_cast<void>(program_heap.init(bareheap::Region::between(__heap_start, __heap_end)));
}

void bareheap::panic(const FaultReport&) noexcept { __builtin_trap(); }
