// SPDX-License-Identifier: MIT
// Somebody who uses a heap all the time: a few blocks, each filled with a pattern of its own, that come and go.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "laws/fixed.hpp"

#include <cstring>

namespace bareheap::kernel_test {

/// Keeps up to `Places` blocks. It must give all back before it goes.
template <std::size_t Places>
class Churn {
 public:
  /// Another seed: other sizes, another order, other patterns.
  constexpr explicit Churn(std::uint32_t seed = 1) noexcept : dice_(seed) {}

  /// One allocate, written, and one deallocate, checked before: at one of the places. The first ones only allocate.
  template <class Heap>
  void step(Heap& heap) noexcept {
    Mine& mine = places_[dice_.below(Places)];
    give_back(heap, mine);
    const bool large = dice_.below(64) == 0;
    mine.asked = Layout(1 + dice_.below(large ? 3000 : 48), std::size_t{1} << dice_.below(large ? 9 : 5));
    mine.block = heap.allocate(mine.asked);
    mine.fill = static_cast<unsigned char>(dice_.below(256));
    refused_ += !mine.block;
    if (mine.block) std::memset(mine.block.at, mine.fill, mine.asked.size());
  }

  template <class Heap>
  void give_all_back(Heap& heap) noexcept {
    for (Mine& mine : places_) give_back(heap, mine);
  }

  /// Blocks in which another byte stood than was written.
  std::size_t torn() const noexcept { return torn_; }

  /// Requests that found no room.
  std::size_t refused() const noexcept { return refused_; }

 private:
  struct Mine {
    Block block;
    Layout asked{0, 1};
    unsigned char fill = 0;
  };

  template <class Heap>
  void give_back(Heap& heap, Mine& mine) noexcept {
    if (!mine.block) return;
    torn_ += !is_whole(mine);
    heap.deallocate(mine.block.at, mine.asked);
    mine.block = {};
  }

  static bool is_whole(const Mine& mine) noexcept {
    for (std::size_t offset = 0; offset < mine.asked.size(); ++offset) {
      if (mine.block.at[offset] != std::byte{mine.fill}) return false;
    }
    return true;
  }

  laws::Dice dice_;
  Mine places_[Places];
  std::size_t torn_ = 0;
  std::size_t refused_ = 0;
};

}  // namespace bareheap::kernel_test
