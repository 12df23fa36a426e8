// SPDX-License-Identifier: MIT
// How large a region must be so that a granule heap never refuses a request of a load that is known beforehand.
//
// All in granules of G bytes. Let k blocks be live, T granules together, when a request of r bytes is refused. It has
// g = ceil(r / G) granules, and as many more as its alignment may cost.
//   1. Free blocks never touch, so at least one live block lies between any two: there are at most k + 1 of them.
//   2. None is in a bin above g's, or it would have been taken. Let the largest block of g's bin have h granules.
//   3. The first of g's own bin is smaller than g, or it would have been taken, and so are all of the bins below.
// So the heap has at most T + (g - 1) + k * h granules; where g is the least size of its bin, T + (k + 1) * (g - 1).
// And of what the load says: k <= blocks - 1, k <= (bytes - r) / smallest, and T <= (bytes - r + k * (G - 1)) / G. In a
// heap that has one granule more than the greatest of these sums, over all sizes, no request is refused, whatever came
// before. The order of the calls is not in the proof, nor is which block of a bin is the first. It is near the truth: a
// program that pins holes just too small needs up to 97 % of it (tests/engines/sizing_test.cpp).
//
// Less is enough where the alignment is at most a granule:
//   * All blocks have the same granules: every block, live or free, lies at a multiple of them, so what is free fits.
//   * Blocks are freed in reverse order, or never: what is free is one block.
// With a larger alignment the latter leaves, in front of each block, at most what its alignment costs.
//
// A heap with a stock gives it back before it refuses, and then is a heap without one: the bound holds there too.
// Blocks in the stock lie between live ones, so that the order of the frees is of no use to it.
#pragma once

#include "bareheap/core/bits.hpp"

#include <bit>
#include <cstddef>
#include <initializer_list>

namespace bareheap {

/// What a program says of the blocks that are live at once. While one moves to grow, both are live.
struct Load {
  std::size_t bytes;                ///< asked for in all, at most; a request for 0 bytes counts as one for 1
  std::size_t largest;              ///< bytes of the largest block
  std::size_t smallest = 1;         ///< bytes of the smallest block, at least 1
  std::size_t blocks = size_limit;  ///< how many, at most: each may pin a hole, so this keeps the answer small
  std::size_t alignment = 1;        ///< the largest
  bool last_first = false;          ///< freed in the reverse order of allocation, or never; only the last is resized
};

/// For a heap whose memory is a GranuleSpace.
template <class Space>
class GranuleSizing {
  using Bins = typename Space::Bins;
  using Map = typename Space::Map;

 public:
  static constexpr std::size_t granule = Space::granule;
  static constexpr std::size_t most_count =
      Bins::most_granules < Map::most_length ? Bins::most_granules : Map::most_length;  // granules of a region

  /// Bytes of a region, wherever it starts, so that init(region) makes a heap that never refuses. `extra`, of a
  /// region's granules, is what init() adds to the state; it grows by less than half of one for each, in the mean.
  /// Every larger region does too. One that holds address 0 or the last one needs a granule more.
  template <class Extra>
  static consteval std::size_t bytes(Load load, Extra extra) {
    if (load.smallest == 0 || load.blocks == 0) the_load_has_no_blocks();
    if (load.smallest > load.largest) the_smallest_block_is_larger_than_the_largest();
    if (load.largest > load.bytes) the_largest_block_is_larger_than_all_together();
    if (!is_power_of_two(load.alignment)) the_alignment_is_no_power_of_two();
    const std::size_t granules = granules_for_blocks(load);
    if (granules >= most_count) the_load_is_too_large_for_the_index();
    const std::size_t count = count_for(granules, extra);
    if (count > least(most_count, size_limit / granule)) the_load_is_too_large_for_the_index();
    return (count + 1) * granule - 1;
  }

  /// Granules of the largest block in the bin of this size.
  static constexpr std::size_t most_in_bin(std::size_t size) noexcept {
    std::size_t most = size;
    for (std::size_t step = std::bit_floor(size); step != 0; step /= 2) {
      if (Bins::bin_of(most + step) == Bins::bin_of(size)) most += step;
    }
    return most;
  }

  static constexpr bool is_least_in_bin(std::size_t size) noexcept {
    return size == 1 || Bins::bin_of(size - 1) != Bins::bin_of(size);
  }

 private:
  // Without a body: what is said where a load cannot be.
  static void the_load_has_no_blocks();
  static void the_smallest_block_is_larger_than_the_largest();
  static void the_largest_block_is_larger_than_all_together();
  static void the_alignment_is_no_power_of_two();
  static void the_load_is_too_large_for_the_index();

  static constexpr std::size_t least(std::size_t left, std::size_t right) noexcept {
    return left < right ? left : right;
  }
  static constexpr std::size_t most(std::size_t left, std::size_t right) noexcept {
    return left < right ? right : left;
  }

  // The most granules that so many blocks of so many bytes together can have: with each multiple of a granule that a
  // block has passed, it has one more.
  static constexpr std::size_t lent(const Load& load, std::size_t bytes, std::size_t blocks) noexcept {
    const std::size_t each = Space::granules_of(load.smallest);
    const std::size_t to_next = each * granule - load.smallest + 1;
    const std::size_t left = bytes - blocks * load.smallest;
    const std::size_t passed = least(blocks, left / to_next);
    const std::size_t granules = blocks * each + passed + (left - passed * to_next) / granule;
    return least(granules, (CheckedSize(blocks) * Space::granules_of(load.largest)).value());
  }

  // The same of any number of blocks, and for each of them a hole. Worst are the most blocks, or else as many as have
  // the bytes to pass a multiple of a granule: with fewer there are fewer holes; between the two, all changes evenly.
  static constexpr CheckedSize lent_with_holes(const Load& load, std::size_t bytes, std::size_t blocks,
                                               std::size_t hole) noexcept {
    const std::size_t most_blocks = least(blocks, bytes / load.smallest);
    const std::size_t passing = bytes / (Space::granules_of(load.smallest) * granule + 1);
    std::size_t worst = 0;
    for (const std::size_t count : {most_blocks, least(most_blocks, passing), least(most_blocks, passing + 1)}) {
      worst = most(worst, (CheckedSize(count) * hole + lent(load, bytes, count)).value());
    }
    return worst;
  }

  static constexpr std::size_t granules_for_blocks(const Load& load) noexcept {
    const std::size_t slack = load.alignment > granule ? load.alignment / granule - 1 : 0;
    const std::size_t smallest = Space::granules_of(load.smallest);
    const std::size_t largest = Space::granules_of(load.largest);
    if (slack == 0 && (load.last_first || smallest == largest)) {
      return lent_with_holes(load, load.bytes, load.blocks, 0).value();
    }
    std::size_t granules = 0;
    for (std::size_t size = smallest; size <= largest;) {
      const std::size_t last = is_least_in_bin(size + slack) ? size : least(most_in_bin(size + slack) - slack, largest);
      granules = most(granules, granules_where_refused(load, size, last, slack).value());
      size = last + 1;
    }
    return least(granules, size_limit - 1) + 1;
  }

  // Granules of a heap that refuses a request of `lowest` to `highest` granules. With the slack they are of one bin,
  // and the least of it comes alone.
  static constexpr CheckedSize granules_where_refused(const Load& load, std::size_t lowest, std::size_t highest,
                                                      std::size_t slack) noexcept {
    const std::size_t left = load.bytes - most(load.smallest, (lowest - 1) * granule + 1);
    const std::size_t too_small = highest + slack - 1;
    const std::size_t aside = is_least_in_bin(lowest + slack) ? too_small : most_in_bin(highest + slack);
    return load.last_first ? lent_with_holes(load, left, load.blocks - 1, slack) + aside
                           : lent_with_holes(load, left, load.blocks - 1, aside) + too_small;
  }

  // The granules of a region in which so many, at least, are left for blocks, and in every larger one: where the map
  // takes a further word, one granule more of the region may leave fewer.
  template <class Extra>
  static constexpr std::size_t count_for(std::size_t granules, Extra extra) noexcept {
    std::size_t count = granules;
    while (count < granules + first(count, extra)) count = granules + first(count, extra);
    for (std::size_t next = count; next <= count + Map::word_bits; ++next) {
      if (next < granules + first(next, extra)) count = next + 1;
    }
    return count;
  }

  // The first granule for blocks, in a region of so many.
  template <class Extra>
  static constexpr std::size_t first(std::size_t count, Extra extra) noexcept {
    const std::size_t before_map = Bins::heads_for(count) * granule + sizeof(typename Space::Stretch) + extra(count);
    return Space::granules_of(before_map + Map::bytes_for(0, count + 1));
  }
};

}  // namespace bareheap
