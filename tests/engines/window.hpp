// SPDX-License-Identifier: MIT
// The last 32 granules of a heap whose other memory is lent, for tests that draw them. Memory is scarce there, so a
// heap with a stock merges at once, like one without.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "engines/stops.hpp"
#include "support/drawing.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bareheap::test {

/// Sizes and places are counted in granules; the window starts at a multiple of 32 granules.
template <class Heap>
class Window {
 public:
  static constexpr std::size_t granule = Heap::granule;
  static constexpr std::size_t size = 32;

  Window() {
    EXPECT_TRUE(heap.init(memory_.region()));
    std::size_t free = 0;
    heap.walk([&](const Extent& tile) { free += tile.kind == ExtentKind::free ? tile.size : 0; });
    std::byte* const all = heap.allocate(Layout(free, 1)).at;
    EXPECT_TRUE(heap.resize(all, Layout(free, 1), free - size * granule));
    EXPECT_EQ(all + free, memory_.region().end());
  }

  /// Where the block begins; -1: refused. `bytes` less than so many granules are asked for.
  int take(std::size_t granules, std::size_t alignment = 1, std::size_t bytes = 0) {
    const Block block = heap.allocate(Layout(granules * granule - bytes, alignment));
    return block ? static_cast<int>((block.at - start()) / static_cast<long>(granule)) : -1;
  }

  void free(int place, std::size_t granules) { heap.deallocate(at(place), Layout(granules * granule, 1)); }

  bool resize(int place, std::size_t granules, std::size_t new_granules) {
    return heap.resize(at(place), Layout(granules * granule, 1), new_granules * granule);
  }

  /// What a free says, which must stop and change nothing.
  Fault fault_of(const std::byte* wrong, std::size_t bytes) {
    const std::string before = drawing();
    std::byte* const hidden = const_cast<std::byte*>(wrong);
    const FaultReport report = stop_of([&] { heap.deallocate(hidden, Layout(bytes, 1)); });
    EXPECT_EQ(report.address, report.fault == Fault::none ? nullptr : wrong);
    EXPECT_EQ(drawing(), before);
    return report.fault;
  }
  Fault fault_of(int place, std::size_t granules) { return fault_of(at(place), granules * granule); }

  /// Of a sound heap.
  std::string drawing() const {
    EXPECT_EQ(heap.check(), Fault::none);
    const std::string whole = drawing_of(heap, granule);
    return whole.substr(whole.size() - size);
  }

  std::byte* start() const { return memory_.region().end() - size * granule; }
  std::byte* at(int place) const { return start() + place * static_cast<long>(granule); }

  Heap heap;

 private:
  HostRegion memory_{std::size_t{16} << 10};
};

}  // namespace bareheap::test
