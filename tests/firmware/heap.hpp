// SPDX-License-Identifier: MIT
// The heap of a firmware, before it is bound to the names of C: memory between the linker script's two symbols,
// counted.
#pragma once

#include "bareheap/engines/granule_heap.hpp"
#include "bareheap/wrappers/counted.hpp"
#include "firmware/firmware.h"

constinit bareheap::Counted<bareheap::GranuleHeap> program_heap;
#include "bareheap/bindings/operator_new.hpp"

extern "C" char __heap_start[];
extern "C" char __heap_end[];

/// Before the other constructors, which may allocate.
[[gnu::constructor(101)]] void give_memory() {
  std::byte* const start = reinterpret_cast<std::byte*>(__heap_start);
  static_cast<void>(program_heap.init({start, static_cast<std::size_t>(__heap_end - __heap_start)}));
}

figures heap_figures() {
  const bareheap::Counters& counters = program_heap.counters();
  return {.lent = static_cast<unsigned>(counters.allocations - counters.refusals),
          .live = static_cast<unsigned>(counters.live_blocks),
          .sound = program_heap.check() == bareheap::Fault::none};
}

int heap_owns(const void* at) { return program_heap.owns(at); }
void* object_by_new() { return new char[24]; }
void delete_object(void* object) { delete[] static_cast<char*>(object); }
