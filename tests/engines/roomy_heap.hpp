// SPDX-License-Identifier: MIT
// A granule heap with plenty of memory, drawn and asked in granules.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "engines/stops.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bareheap::test {

/// A roomy heap, of which the first granules after its state are drawn. Sizes and places are counted in granules.
template <class Heap>
class Roomy {
 public:
  static constexpr std::size_t granule = Heap::granule;

  Roomy() {
    EXPECT_TRUE(heap.init(memory_.region()));
    heap.walk([&](const Extent& tile) {
      if (tile.kind == ExtentKind::free) {
        start_ = tile.at;
        granules_ = tile.size / granule;
      }
    });
  }

  std::byte* take_bytes(std::size_t bytes, std::size_t alignment = 1) {
    return heap.allocate(Layout(bytes, alignment)).at;
  }
  /// Where the block begins; -1: refused.
  long take(std::size_t size, std::size_t alignment = 1) {
    const std::byte* const block = take_bytes(size * granule, alignment);
    return block == nullptr ? -1 : (block - start_) / static_cast<long>(granule);
  }
  void free(long place, std::size_t size) { heap.deallocate(at(place), Layout(size * granule, 1)); }
  Fault fault_of(long place, std::size_t size) {
    return stop_of([&] { free(place, size); }).fault;
  }

  std::string drawing(std::size_t size = 32) const {
    EXPECT_EQ(heap.check(), Fault::none);
    std::string drawn;
    heap.walk([&](const Extent& tile) {
      if (tile.at < start_ || drawn.size() >= size) return;
      drawn.append(tile.size / granule, ".#mc"[static_cast<unsigned>(tile.kind)]);
    });
    return drawn.substr(0, size);
  }
  /// How many there are in the first granules.
  std::size_t cached(std::size_t size = std::size_t{1} << 20) const {
    std::size_t found = 0;
    heap.walk([&](const Extent& tile) {
      const bool is_counted =
          tile.kind == ExtentKind::cached && address_of(tile.at) < address_of(start_) + size * granule;
      found += is_counted ? tile.size / granule : 0;
    });
    return found;
  }

  /// Makes requests that the stock does not serve. True: in the end it holds nothing in the first granules.
  bool merges_all_in_the_first(std::size_t size) {
    for (int count = 0; count < 100 && cached(size) != 0; ++count) static_cast<void>(take(1, 2 * granule));
    return cached(size) == 0;
  }

  std::size_t granules() const { return granules_; }
  std::byte* at(long place) const { return const_cast<std::byte*>(start_) + place * static_cast<long>(granule); }
  std::byte* region_start() const { return memory_.start(); }

  Heap heap;

 private:
  HostRegion memory_{std::size_t{512} << 10};
  const std::byte* start_ = nullptr;
  std::size_t granules_ = 0;
};

}  // namespace bareheap::test
