// SPDX-License-Identifier: MIT
// How full a heap can be: random calls in a region until the first one is refused.
#pragma once

#include "chance.hpp"

#include "bareheap/core/operations.hpp"

#include <bit>
#include <cstdint>
#include <vector>

namespace bareheap::bench {

/// Half of the calls allocate, a quarter free, a quarter reallocate any live block. Sizes are of any magnitude from 1
/// byte up to a 64th of the region.
class UntilRefused {
 public:
  explicit UntilRefused(std::uint64_t seed) : chance_(seed) {}

  /// Bytes that lived when the first request was refused, as a share of the region.
  template <Allocator Heap>
  double run(Region region) {
    Heap heap;
    if (!heap.init(region)) return 0;
    magnitudes_ = static_cast<unsigned>(std::bit_width(region.size / 64)) - 1;
    while (act(heap)) {
    }
    return static_cast<double>(live_bytes_) / static_cast<double>(region.size);
  }

 private:
  static constexpr std::size_t natural_alignment = 16;

  struct Live {
    std::byte* at;
    std::size_t size;
  };

  static Layout layout_of(const Live& live) { return Layout(live.size, natural_alignment); }

  // False where the heap refuses.
  bool act(auto& heap) {
    const std::uint64_t kind = chance_.below(4);
    if (kind < 2 || blocks_.empty()) return allocate(heap);
    Live& live = blocks_[chance_.below(blocks_.size())];
    if (kind == 2) return reallocate(heap, live);
    heap.deallocate(live.at, layout_of(live));
    live_bytes_ -= live.size;
    live = blocks_.back();
    blocks_.pop_back();
    return true;
  }

  bool allocate(auto& heap) {
    const std::size_t size = chance_.any_magnitude(0, magnitudes_);
    const Block block = heap.allocate(Layout(size, natural_alignment));
    if (!block) return false;
    blocks_.push_back({block.at, size});
    live_bytes_ += size;
    return true;
  }

  bool reallocate(auto& heap, Live& live) {
    const std::size_t size = chance_.any_magnitude(0, magnitudes_);
    const Block block = bareheap::reallocate(heap, live.at, layout_of(live), size);
    if (!block) return false;
    live_bytes_ += size - live.size;
    live = {block.at, size};
    return true;
  }

  Chance chance_;
  std::vector<Live> blocks_;
  std::size_t live_bytes_ = 0;
  unsigned magnitudes_ = 0;
};

}  // namespace bareheap::bench
