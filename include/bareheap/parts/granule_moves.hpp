// SPDX-License-Identifier: MIT
// The moves between a map of granules and bins of free blocks: find a free block, cut a lent one out of it, and merge
// what is given back with the free blocks that it touches. Which regions there are nobody asks here: every move is told
// the map of the block.
//
//     | lent | free . . . . . |   lend  | lent | lent | free . . |
//     | lent | lent | free . . |  give  | lent | free . . . . . |
//
// Granules have numbers, counted from where the heads of the bins are. Blocks never begin at number 0, so that stands
// for "none".
#pragma once

#include "bareheap/core/region.hpp"

#include <cstdint>
#include <type_traits>

namespace bareheap {

template <class MapOfBlocks, class BinsOfBlocks>
class GranuleMoves {
 public:
  using Map = MapOfBlocks;
  using Bins = BinsOfBlocks;

  static constexpr std::size_t granule = Bins::granule;

  /// Of a request for so many bytes; for none, one.
  static constexpr std::size_t granules_of(std::size_t size) noexcept { return (size - (size != 0)) / granule + 1; }

  constexpr GranuleMoves() noexcept = default;

  std::size_t base() const noexcept { return bins_.base(); }
  std::byte* address(std::size_t number) const noexcept {
    return reinterpret_cast<std::byte*>(base() + number * granule);
  }
  std::size_t blocks() const noexcept { return blocks_; }
  const Bins& bins() const noexcept { return bins_; }

  /// A free block of at least `size` granules, or 0. Any size is right.
  [[gnu::always_inline]] std::size_t find(std::size_t size) const noexcept {
    return size > most_ ? 0 : bins_.find(size);
  }

  /// Lends the first `size` granules of a free block: the first of them. The map is that of the block, here and below.
  [[gnu::always_inline]] std::size_t lend(Map map, std::size_t first, std::size_t size) noexcept {
    const std::size_t found = bins_.remove(first);
    map.edge_to_lent(first);
    map.close_end(first, size);
    cut(map, first, size, found);
    add_free(0 - size);
    ++blocks_;
    if (first == 0) __builtin_unreachable();  // so that nobody asks again
    return first;
  }

  /// Lends up to `count` blocks of `size` granules in a row, as many as a free block has that one fits in: how many.
  /// They are still to be closed, all but the first to begin.
  [[gnu::always_inline]] std::size_t lend_run(Map map, std::size_t first, std::size_t size,
                                              std::size_t count) noexcept {
    const std::size_t found = bins_.remove(first);
    if (found < size * count) count = found / size;
    map.edge_to_lent(first);
    cut(map, first, size * count, found);
    add_free(0 - size * count);
    blocks_ += static_cast<std::uint32_t>(count);
    return count;
  }

  /// Where a block may be lent: in this free block, behind so many granules of it; link 0: nowhere.
  struct Place {
    typename Bins::Linked block;
    std::size_t skipped;

    bool is_none() const noexcept { return block.link == 0; }
  };

  /// At a multiple of `alignment` bytes, which is more than a granule. The first block of the bin of the size may do by
  /// chance; else one is looked for that does wherever it lies.
  [[gnu::always_inline]] Place find_aligned(std::size_t size, std::size_t alignment) const noexcept {
    if (size > most_) [[unlikely]] return {};
    const auto by_chance = bins_.first_linked(Bins::bin_of(size));
    const std::size_t skipped = to_aligned(by_chance, alignment);
    if (skipped + size <= bins_.size_at(by_chance)) return {by_chance, skipped};
    const std::size_t enough = size + alignment / granule - 1;
    if (enough > most_) return {};
    const auto block = bins_.find_linked(enough);
    if (block.link == 0) return {};
    return {block, to_aligned(block, alignment)};
  }

  /// Lends `size` granules there.
  [[gnu::always_inline]] std::size_t lend(Map map, Place place, std::size_t size) noexcept {
    const auto [block, skipped] = place;
    const std::size_t first = block.number() + skipped;
    Rings<!Map::may_stock> bins = bins_;
    const std::size_t found = bins.remove(block);
    add_free(0 - size);
    ++blocks_;
    map.set_start(first);
    if constexpr (!Map::may_stock) map.turn(first);
    map.close_end(first, size);
    if (skipped == 0) [[unlikely]] {
      if constexpr (Map::may_stock) map.turn(first);
    } else {
      if constexpr (Map::may_stock) map.end_free(first);
      bins.insert(block, skipped);
    }
    cut(bins, map, first, size, found - skipped);
    bins_.follow(bins);
    if (first == 0) __builtin_unreachable();  // as above
    return first;
  }

  /// The same of every block that may do: also behind the first one of its bin, and between the bin of the size and
  /// that which does wherever its blocks lie. Cost: a step for each free block of those bins.
  [[gnu::always_inline]] Place find_any(std::size_t size, std::size_t alignment) const noexcept {
    if (size > most_) return {};
    const std::size_t slack = granules_of(alignment) - 1;
    const unsigned last = Bins::bin_of(slack < most_ - size ? size + slack : most_);
    for (unsigned bin = Bins::bin_of(size); bin <= last; ++bin) {
      for (std::size_t at = bins_.first_of(bin); bins_.size_at(at) != 0; at = bins_.after(at)) {
        const std::size_t skipped = to_aligned(Bins::linked(at), alignment);
        if (skipped + size <= bins_.size_at(at)) return {Bins::linked(at), skipped};
      }
    }
    return {};
  }

  /// At the end of the free block that find() tells.
  [[gnu::always_inline]] Place find_last(std::size_t size) const noexcept {
    const std::size_t block = find(size);
    if (block == 0) return {};
    return {Bins::linked(block), bins_.size_at(block) - size};
  }

  /// Takes a lent block whose end is open back, and merges it with its free neighbours.
  void give(Map map, std::size_t first, std::size_t size) noexcept {
    release(map, first, size);
    merge(map, first, first + size);
  }

  /// The same of `count` such blocks of `size` granules in a row.
  void give_row(Map map, std::size_t first, std::size_t size, std::size_t count) noexcept {
    for (std::size_t begin = first + (count - 1) * size; begin != first; begin -= size) {
      map.clear_start_first(begin);
      map.clear_start_last(begin);
    }
    blocks_ -= static_cast<std::uint32_t>(count - 1);
    give(map, first, count * size);
  }

  /// The same, for where calls are short.
  [[gnu::always_inline]] void give_here(Map map, std::size_t first, std::size_t size) noexcept {
    release(map, first, size);
    merge_here(map, first, first + size);
  }

  /// The same of a cached block.
  [[gnu::always_inline]] void give_cached(Map map, std::size_t first, std::size_t size) noexcept {
    map.cached_to_lent(first);
    map.forget_length(first, size);
    give(map, first, size);
  }

  /// Changes the size of a lent block whose end is open where it stands, if it can.
  [[gnu::always_inline]] bool resize(Map map, std::size_t first, std::size_t before, std::size_t after) noexcept {
    if (after == before) [[unlikely]] return map.close_end(first, before), true;
    const std::size_t end = first + before;
    std::size_t found = before;
    if (map.starts(end)) [[unlikely]] {
      if (before < after) return map.close_end(first, before), false;
      map.end_free(end);
    } else {
      const std::size_t above = bins_.size_at(end);
      found += above;
      if (found < after) return map.close_end(first, before), false;
      map.join_above(end, above);
      bins_.remove(end);
    }
    add_free(before - after);
    map.close_end(first, after);
    cut(map, first, after, found);
    return true;
  }

 protected:
  /// Nothing is free, or lent, and no block has more than `most` granules. The heads of the bins are at `base`.
  void begin(std::size_t base, std::size_t most) noexcept {
    bins_ = Bins(base, most);
    most_ = static_cast<std::uint32_t>(most);
    blocks_ = 0;
    free_ = {};
  }

  std::size_t most() const noexcept { return most_; }

  /// Granules of free blocks; 0 without a stock, as nobody counts them.
  std::size_t counted_free() const noexcept { return free_.granules; }

  /// Makes [first, end) free, which was no block's.
  void give_new(Map map, std::size_t first, std::size_t end) noexcept {
    add_free(end - first);
    merge(map, first, end);
  }

 private:
  // Only with a stock are free granules counted.
  struct Counted {
    std::size_t granules = 0;
  };
  struct NotCounted {
    static constexpr std::size_t granules = 0;
  };

  // For all that a compiler knows, the bins lie where a node of theirs is written. A copy can stay in registers, until
  // they follow() it: not where little code counts, nor with a stock where one ring is left and one entered at most.
  template <bool copied>
  using Rings = std::conditional_t<copied && sizeof(std::size_t) == 8, Bins, Bins&>;

  void add_free(std::size_t size) noexcept {
    if constexpr (Map::may_stock) free_.granules += size;
  }

  // Granules from this one to the next whose address is a multiple of the alignment.
  std::size_t to_aligned(typename Bins::Linked first, std::size_t alignment) const noexcept {
    return ((0 - bins_.address(first)) & (alignment - 1)) / granule;
  }

  void release(Map map, std::size_t first, std::size_t size) noexcept {
    add_free(size);
    --blocks_;
    map.clear_start_first(first);
  }

  // Ends what begins at `first` and reaches to the end of a free block, `found` granules on, after `size` granules: the
  // remainder is a free block. Without a stock there is a turn either way. [[likely]]: as below.
  void cut(Map map, std::size_t first, std::size_t size, std::size_t found) noexcept {
    Rings<!Map::may_stock> bins = bins_;
    cut(bins, map, first, size, found);
    bins_.follow(bins);
  }
  [[gnu::always_inline]] static void cut(Bins& bins, Map map, std::size_t first, std::size_t size,
                                         std::size_t found) noexcept {
    const std::size_t end = first + size;
    if constexpr (!Map::may_stock) map.turn(end);
    const std::size_t rest = found - size;
    if (rest != 0) [[likely]] {
      if constexpr (Map::may_stock) map.begin_free(end);
      bins.insert(end, rest);
    } else if constexpr (Map::may_stock) {
      map.take_end(end);
    }
  }

  // Makes [first, end), which is all interior and in no block, a free block together with those that it touches. An
  // edge that comes to lie inside goes, unless it is the neighbour's other edge too: then it is one of the whole. As
  // above there is a turn without a stock. What is [[likely]] is so in the longest call.
  [[gnu::noinline]] void merge(Map map, std::size_t first, std::size_t end) noexcept { merge_here(map, first, end); }
  [[gnu::always_inline]] void merge_here(Map map, std::size_t first, std::size_t end) noexcept {
    Rings<true> bins = bins_;
    const bool is_free_above = !map.starts(end);
    if constexpr (!Map::may_stock) map.turn(end);
    if (is_free_above) {
      const std::size_t above = bins.remove(end);
      if constexpr (Map::may_stock) map.join_above(end, above);
      end += above;
    } else if constexpr (Map::may_stock) {
      map.end_free(end);
    }
    if (map.is_free_before(first)) {
      const std::size_t below = bins.size_before(first);
      map.join_below(first, below);
      map.clear_start_last(first);
      first -= below;
      bins.remove(first);
    } else {
      map.begin_free(first);
      map.clear_start_last(first);
    }
    bins.insert(first, end - first);
    bins_.follow(bins);
  }

  [[no_unique_address]] std::conditional_t<Map::may_stock, Counted, NotCounted> free_;
  Bins bins_;
  std::uint32_t most_ = 0;    // granules of the largest block that the bins can hold
  std::uint32_t blocks_ = 0;  // lent and cached
};

}  // namespace bareheap
