// SPDX-License-Identifier: MIT
// The laws that every Allocator keeps (docs/laws.md).
#pragma once

#include <cstdint>

namespace bareheap::laws {

enum class Law : std::uint8_t {
  none,          ///< no law is broken
  aligned,       ///< 1: a block is as aligned as asked
  enough,        ///< 2: a block has at least the bytes asked for
  apart,         ///< 3: live blocks never overlap, and keep what was written into them
  owned,         ///< 4: a block lies inside the heap's regions
  tiled,         ///< 5: the walk covers each region without gap or overlap, and shows live blocks as used
  whole_again,   ///< 6: all freed and trimmed, the picture is that of the fresh heap (engines that merge)
  nothing_lost,  ///< 7: a refused call changes neither the live blocks nor the sum of free memory
  same_again,    ///< 8: the same calls on the same region give the same addresses, whatever the memory held before
  sound,         ///< 9: check() finds that every invariant holds
  in_steps,      ///< 10: from any address, a step shows what the walk shows there, and one of the check finds nothing
};

constexpr const char* name_of(Law law) noexcept {
  constexpr const char* names[] = {
      "no law",           "law 1 aligned", "law 2 enough",      "law 3 apart",
      "law 4 owned",      "law 5 tiled",   "law 6 whole again", "law 7 nothing lost",
      "law 8 same again", "law 9 sound",   "law 10 in steps",
  };
  return names[static_cast<unsigned>(law)];
}

}  // namespace bareheap::laws
