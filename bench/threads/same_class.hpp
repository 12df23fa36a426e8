// SPDX-License-Identifier: MIT
// Threads that all allocate blocks of one size, a few at a time, and free them again: the memory is their own, and only
// the heap's lists are anybody else's.
#pragma once

#include "lent.hpp"

#include <array>

namespace bareheap::bench {

template <class Heap>
class SameClass {
 public:
  SameClass(Heap& heap, std::uint32_t) : heap_(heap) {}

  std::uint64_t work(std::uint32_t, std::size_t steps) {
    std::array<Lent, batch> blocks;
    const std::size_t turns = steps / batch + 1;
    for (std::size_t turn = 0; turn < turns; ++turn) {
      for (Lent& block : blocks) block = lend(heap_, size);
      for (const Lent& block : blocks) take_back(heap_, block);
    }
    return 2 * batch * turns;
  }

 private:
  static constexpr std::size_t batch = 32;
  static constexpr std::uint32_t size = 64;

  Heap& heap_;
};

}  // namespace bareheap::bench
