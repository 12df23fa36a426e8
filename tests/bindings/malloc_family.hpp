// SPDX-License-Identifier: MIT
// The heaps that the family of malloc is tried over, and a C library that counts its errors.
#pragma once

#include "bareheap/bindings/malloc_family.hpp"

#include "bareheap/bareheap.hpp"
#include "bareheap/wrappers/checked.hpp"
#include "bareheap/wrappers/cpu_cached.hpp"
#include "bareheap/wrappers/headered.hpp"
#include "ports/host/threads.hpp"
#include "support/host_region.hpp"

namespace bareheap::test {

struct Errors {
  static constexpr int error_no_memory = 12;
  static constexpr int error_invalid = 22;
  static void out_of_memory() noexcept { ++no_memory; }
  static void invalid() noexcept { ++not_valid; }
  static std::size_t page_size() noexcept { return 8192; }

  /// How many there were since the last question.
  static int take_no_memory() { return std::exchange(no_memory, 0); }
  static int take_invalid() { return std::exchange(not_valid, 0); }
  static bool none() { return no_memory == 0 && not_valid == 0; }

 private:
  static inline int no_memory = 0;
  static inline int not_valid = 0;
};

using Cached = CpuCached<GranuleHeap, host::Threads<2>>;

/// A heap, and the family over it.
template <class Heap>
struct Given {
  explicit Given(std::size_t size = std::size_t{256} << 10) : memory(size) {
    if (!heap.init(memory.region())) std::abort();
  }

  HostRegion memory;
  Heap heap;
  MallocFamily<Heap, Errors> c{heap};
};

}  // namespace bareheap::test
