// SPDX-License-Identifier: MIT
// GranuleHeap's long calls: those that the stock serves, those that merge some of it and carve, and the one that gives
// all of it back. Blocks in the stock lie between free ones, so that each merges on both sides.
#pragma once

#include "worst/desk.hpp"

#include "bareheap/engines/granule_heap.hpp"

#include <utility>

namespace bareheap::worst {

using StockDesk = Desk<GranuleHeap>;

inline constexpr std::size_t mebibyte = std::size_t{1} << 20;  // of which blocks up to 4 KiB are stocked
inline constexpr std::size_t most_stocked = 250;               // granules
inline constexpr std::size_t least_alone = 65;                 // smaller ones are carved several at once
inline constexpr std::size_t unstocked = 300;

/// A block is given to the stock and asked for again, of every size and in every place.
inline void try_served(StockDesk& desk) {
  for (std::size_t size = 1; size <= most_stocked; ++size) {
    for (std::size_t shift = 1; shift <= 64; shift += 7) {
      desk.begin(mebibyte);
      desk.lend(shift + most_stocked);
      std::byte* const at = desk.lend(size);
      desk.situation = {{{"size", size}, {"after", shift}}};
      desk.deallocate(at, size);
      if (desk.allocate(size, StockDesk::granule) != at) std::abort();
    }
  }
}

/// So many blocks in the stock, with a free block on each side. Those are too large for the stock, and of bins that
/// have no other where there are few of them.
inline void stock_up(StockDesk& desk, std::size_t count, std::size_t size) {
  desk.begin(mebibyte);
  std::vector<std::byte*> stocked;
  std::vector<std::pair<std::byte*, std::size_t>> walls;
  for (std::size_t index = 0; index <= count; ++index) {
    const std::size_t half = index % 8;
    const std::size_t wall = std::size_t{half % 2 == 0 ? 256u : 384u} << half / 2;
    walls.push_back({desk.lend(wall), wall});
    stocked.push_back(desk.lend(size));
  }
  for (const auto& [at, wall] : walls) desk.free(at, wall);
  stocked.pop_back();  // the last one has nothing free behind it
  for (std::byte* const at : stocked) desk.free(at, size);
}

/// The longest call that finds room: the free memory had sunk below a half, so the first blocks of the stock are
/// merged, and is more again, so several are carved for the list of the wanted size, which is empty.
inline void try_scarce(StockDesk& desk) {
  for (std::size_t size = least_alone; size <= most_stocked; ++size) {
    for (const std::size_t wanted : {1u, 2u, 4u, 8u}) {
      stock_up(desk, 8, size);
      for (unsigned taken = 0; taken < 63; ++taken) desk.lend(wanted);  // 1, 2, 4, 8, 16 and 32 were carved at once
      const std::size_t half = mebibyte / StockDesk::granule / 2;
      std::byte* const large = desk.lend(half);  // now less than half is free
      desk.lend(wanted == 2 ? 3 : 2);            // and is noticed
      for (std::size_t looked = 32; looked < size; looked += 32) desk.lend(unstocked);  // so many lists a call
      desk.resize(large, half, half / 2);
      desk.situation = {{{"in the stock: 8 of", size}, {"want", wanted}}};
      desk.allocate(wanted, StockDesk::granule);
    }
  }
}

/// A request that no heap has: instructions for each block that is given back.
inline Longest longest_share() {
  StockDesk desk;
  Longest longest;
  for (std::size_t size = least_alone; size <= most_stocked; ++size) {
    const auto with = [&](std::size_t count) {
      stock_up(desk, count, size);
      desk.allocate(mebibyte, StockDesk::granule);
      return desk.last();
    };
    const std::uint64_t share = (with(8) - with(4) + 3) / 4;
    if (share > longest.instructions) longest = {share, {{{"in the stock: 8 of", size}}}};
  }
  return longest;
}

}  // namespace bareheap::worst
