// SPDX-License-Identifier: MIT
// Heaps that are as bad as can be for one call, built block by block, and a search by chance for what that overlooks.
// What a call does depends on a few things alone, so all of their combinations are tried: its size and those of its
// neighbours against a word of the map (32 granules), whether a neighbour is free, of one granule or of more, and
// whether its bin has another block.
#pragma once

#include "worst/desk.hpp"

#include <random>
#include <utility>
#include <vector>

namespace bareheap::worst {

inline constexpr std::size_t sizes[] = {1, 2, 3, 20, 31, 32, 33, 63, 64, 65, 200, 3000};

/// A block between two others, either of which may be free. `company`: their bins have other blocks, freed before
/// them (1), also after them (2).
struct Neighbours {
  std::size_t left;
  std::size_t middle;
  std::size_t right;
  bool left_free;
  bool right_free;
  unsigned company;
};

template <class Heap>
std::byte* build(Desk<Heap>& desk, const Neighbours& wanted) {
  const std::size_t shift = (wanted.left + wanted.middle * 5 + wanted.right * 3) % 64 + 1;  // where words begin
  desk.lay({shift, wanted.left, 1, wanted.right, 1, wanted.left, 1, wanted.right, 1, wanted.left, wanted.middle,
            wanted.right, 1});
  desk.situation = {{{"left", wanted.left},
                     {wanted.left_free ? "free, middle" : "lent, middle", wanted.middle},
                     {"right", wanted.right},
                     {wanted.right_free ? "free, company" : "lent, company", wanted.company},
                     {"after", shift}}};
  if (wanted.company > 0) desk.free(1), desk.free(3);
  if (wanted.left_free) desk.free(9);
  if (wanted.right_free) desk.free(11);
  if (wanted.company > 1) desk.free(5), desk.free(7);
  return desk.at(10);
}

/// Larger and smaller by all sorts of amounts, each time back to what it was, and at last freed.
template <class Heap>
void change(Desk<Heap>& desk, std::byte* at, std::size_t size, std::size_t right) {
  for (const std::size_t other : {size + right / 2, size + right, size + right + 1, size / 2}) {
    if (other == 0 || other == size) continue;
    desk.situation[5] = {"resized to", other};
    if (desk.resize(at, size, other)) desk.resize(at, other, size);
  }
  desk.situation[5] = {};
  desk.deallocate(at, size);
}

template <class Heap>
void try_neighbours(Desk<Heap>& desk) {
  for (const std::size_t left : sizes) {
    for (const std::size_t middle : sizes) {
      for (const std::size_t right : sizes) {
        for (unsigned choice = 0; choice < 12; ++choice) {
          const Neighbours wanted{left, middle, right, choice % 2 == 1, choice / 2 % 2 == 1, choice / 4};
          change(desk, build(desk, wanted), middle, right);
        }
      }
    }
  }
}

/// A request where `count` blocks are free that are a little smaller, and `count` of the size `hole`.
template <class Heap>
void try_holes(Desk<Heap>& desk) {
  for (const std::size_t hole : sizes) {
    for (const std::size_t wanted : sizes) {
      for (const std::size_t alignment : {16u, 32u, 256u, 1024u}) {
        for (unsigned count = 0; count < 3; ++count) {
          for (std::size_t shift = 1; shift <= 64; shift += 9) {
            const std::size_t smaller = wanted > 4 ? wanted - wanted / 5 : wanted;
            desk.lay({shift, smaller, 1, hole, 1, smaller, 1, hole, 1});
            for (std::size_t pair = 0; pair < count; ++pair) desk.free(1 + 4 * pair), desk.free(3 + 4 * pair);
            desk.situation = {{{"want", wanted},
                               {"alignment", alignment},
                               {"hole", hole},
                               {"pairs of holes", count},
                               {"after", shift}}};
            desk.allocate(wanted, alignment);
          }
        }
      }
    }
  }
}

/// Much more memory than is asked for: the bin that has any is far above, and empty afterwards.
template <class Heap>
void try_large_heaps(Desk<Heap>& desk) {
  for (std::size_t bytes = 1 << 20; bytes <= 1 << 28; bytes *= 4) {
    for (const std::size_t wanted : sizes) {
      for (const std::size_t alignment : {16u, 64u, 4096u}) {
        desk.begin(bytes);
        desk.situation = {{{"empty heap of bytes", bytes}, {"want", wanted}, {"alignment", alignment}}};
        std::byte* const first = desk.allocate(wanted, 16);
        std::byte* const second = desk.allocate(wanted, alignment);
        if (first != nullptr) desk.deallocate(first, wanted);
        if (second != nullptr) desk.deallocate(second, wanted);
        desk.allocate(bytes, alignment);
        desk.allocate(bytes / Heap::granule - 10, alignment);
      }
    }
  }
}

/// Random calls. Sizes up to 20 granules, or up to 2000, and phases in which the heap is filled, full, and emptied.
template <class Heap>
void try_by_chance(Desk<Heap>& desk, unsigned seed) {
  std::mt19937 random(seed);
  const auto below = [&](std::size_t limit) { return std::size_t{random()} % limit; };
  const std::size_t most = seed % 2 == 0 ? 20 : 2000;
  std::vector<std::pair<std::byte*, std::size_t>> lent;
  desk.begin(seed % 4 < 2 ? 1 << 18 : 1 << 21);
  for (std::size_t turn = 0; turn < 10000; ++turn) {
    desk.situation = {{{"seed", seed}, {"turn", turn}}};
    const std::size_t action = below(16);
    if (lent.empty() || action < (turn / 1500 % 3 == 1 ? 5 : 8)) {
      const std::size_t size = below(3) == 0 ? 1 + below(8) : 1 + below(most);
      const std::size_t alignment = std::size_t{16} << (below(3) == 0 ? below(8) : 0);
      if (std::byte* const at = desk.allocate(size, alignment)) lent.push_back({at, size});
      continue;
    }
    auto& [at, size] = lent[below(lent.size())];
    if (action < 11) {
      const std::size_t other = below(2) == 0 ? size + below(100) : 1 + below(2 * size);
      if (desk.resize(at, size, other)) size = other;
    } else {
      desk.deallocate(at, size);
      std::swap(lent.back().first, at);
      std::swap(lent.back().second, size);
      lent.pop_back();
    }
  }
}

}  // namespace bareheap::worst
