// SPDX-License-Identifier: MIT
// Every call of an engine as a function of its own, so that an object file holds all of its code.
#pragma once

#include "bareheap/core/allocator.hpp"

namespace bareheap::house {

template <Allocator Heap>
struct EngineCalls {
  static Admission init(Heap& heap, Region region) noexcept { return heap.init(region); }
  static Block allocate(Heap& heap, Layout asked) noexcept { return heap.allocate(asked); }
  static void deallocate(Heap& heap, std::byte* at, Layout asked) noexcept { heap.deallocate(at, asked); }
  static bool resize(Heap& heap, std::byte* at, Layout asked, std::size_t size) noexcept {
    return heap.resize(at, asked, size);
  }
  static bool owns(const Heap& heap, const void* at) noexcept { return heap.owns(at); }
  static void walk(const Heap& heap, ExtentSink sink) noexcept { heap.walk(sink); }
  static Fault check(const Heap& heap) noexcept { return heap.check(); }
  static Admission add(Heap& heap, Region region) noexcept
    requires Growable<Heap>
  {
    return heap.add(region);
  }
};

}  // namespace bareheap::house
