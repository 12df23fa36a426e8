// SPDX-License-Identifier: MIT
// How the loads use a heap. `Heap` has allocate(size) and deallocate(at, size), for several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>

namespace bareheap::bench {

/// A live block, or none.
struct Lent {
  std::byte* at = nullptr;
  std::uint32_t size = 0;
};

/// A block whose first byte is written. Where there is none the program ends, as other threads may wait for this one.
template <class Heap>
[[gnu::always_inline]] inline Lent lend(Heap& heap, std::uint32_t size) {
  std::byte* const at = heap.allocate(size);
  if (at == nullptr) [[unlikely]] {
    std::cerr << "bareheap-threads: the heap has no room for the load.\n";
    std::_Exit(1);
  }
  *static_cast<volatile std::byte*>(at) = std::byte{1};
  return {at, size};
}

/// Takes a block back; none is nothing.
template <class Heap>
[[gnu::always_inline]] inline void take_back(Heap& heap, Lent block) {
  if (block.at != nullptr) heap.deallocate(block.at, block.size);
}

}  // namespace bareheap::bench
