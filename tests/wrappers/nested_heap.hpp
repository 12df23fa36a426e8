// SPDX-License-Identifier: MIT
// A CpuCached that tests interrupt: where its platform can tell that a handler is nested, both ways of detection.
#pragma once

#include "bareheap/engines/granule_heap.hpp"
#include "bareheap/wrappers/cpu_cached.hpp"
#include "wrappers/passing_signals.hpp"
#include "wrappers/played_heap.hpp"

#include <gtest/gtest.h>

namespace bareheap::test {

inline constexpr std::size_t nested_memory = std::size_t{1} << 20;

/// A heap whose CPUs one thread plays, and which a handler may interrupt at chosen points.
template <class Heap>
struct NestedHeap : PlayedHeap<Heap, nested_memory> {
  NestedHeap() { CountedCpus::forgotten = CountedCpus::impatient = 0; }
  ~NestedHeap() { Signal::on_signal = nullptr; }

  /// Does something as a handler that comes under the lock.
  template <class Action>
  void nested(Action action) {
    bool came = false;
    Signal::points = 0;
    Signal::on_signal = [&] {
      came = true;
      EXPECT_TRUE(this->heap.is_nested());
      action();
    };
    this->heap.deallocate(this->heap.allocate(Layout(9000, 8)).at, Layout(9000, 8));
    EXPECT_TRUE(came);
  }
};

template <class Detection>
struct Nested : CpuCached<GranuleHeap, CountedCpus, Passing<Detection>> {
  static constexpr bool is_certain = Detection::is_in_map;
};

using BothNested = testing::Types<Nested<ByKey>, Nested<ByMap>>;

}  // namespace bareheap::test
