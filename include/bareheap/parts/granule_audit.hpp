// SPDX-License-Identifier: MIT
// The invariants of a GranuleSpace, tested. Nothing that the program can write to is believed: numbers found in free
// blocks are looked up in the map before they are followed, and every list is followed no longer than it can be.
#pragma once

#include "bareheap/core/allocator.hpp"

namespace bareheap {

template <class Space>
class GranuleAudit {
 public:
  using Stretch = typename Space::Stretch;

  explicit GranuleAudit(const Space& space) noexcept : space_(space) {}

  /// Tests `count` tiles from the one that holds `from`. The last step of a pass goes through the bins' lists too.
  CheckStep step(const std::byte* from, std::size_t count) const noexcept {
    if (!stretches_hold()) return {Fault::invariant_1, nullptr};
    for (const Stretch* stretch = space_.stretches(); stretch != nullptr; stretch = stretch->next) {
      const std::byte* const start = space_.address(stretch->start);
      const std::size_t skipped = address_of(from) > address_of(start) ? address_of(from) - address_of(start) : 0;
      if (skipped >= (stretch->end - stretch->start) * Space::granule) continue;
      std::size_t tile = stretch->map.tile_of(stretch->first, stretch->start + skipped / Space::granule);
      for (; tile != stretch->end; --count) {
        if (count == 0) return {Fault::none, space_.address(tile)};
        const std::size_t end = stretch->map.end_of(tile, stretch->end);
        if (const Fault fault = judge(*stretch, tile, end); fault != Fault::none) return {fault, nullptr};
        tile = end;
      }
      if (!is_quiet_around(*stretch)) return {Fault::invariant_2, nullptr};
    }
    if (blocks() != space_.blocks()) return {Fault::invariant_2, nullptr};
    return {bins_hold() ? Fault::none : Fault::invariant_5, nullptr};
  }

  std::size_t cached_blocks() const noexcept {
    return count_starts([](const auto& map, std::size_t granule) { return map.is_cached(granule); });
  }

 private:
  // Invariant 1: the regions ascend, do not overlap, and begin with their record.
  bool stretches_hold() const noexcept {
    std::size_t end_below = 0;
    for (const Stretch* stretch = space_.stretches(); stretch != nullptr; stretch = stretch->next) {
      const bool in_place = stretch->start == 0 || address_of(stretch) == address_of(space_.address(stretch->start));
      if (!in_place || stretch->start < end_below || stretch->first <= stretch->start) return false;
      if (stretch->end <= stretch->first) return false;
      end_below = stretch->end;
    }
    return true;
  }

  // Invariant 2 outside of the tiles: something begins behind the last one, and what no block can have has no bit.
  bool is_quiet_around(const Stretch& stretch) const noexcept {
    const auto is_quiet = [&](std::size_t first, std::size_t end) { return stretch.map.next_bit(first, end) == end; };
    if (!stretch.map.is_sentinel(stretch.first, stretch.end)) return false;
    const bool begins_map = &stretch == space_.stretches() || stretch.start >= space_.count();
    if (begins_map && !is_quiet(stretch.start, stretch.first)) return false;
    const Stretch* const next = stretch.next;
    const bool ends_span = next == nullptr || next->start >= space_.count();
    return is_quiet(stretch.end + 1, ends_span ? space_.count() + 1 : next->first);
  }

  std::size_t blocks() const noexcept {
    return count_starts([](const auto&, std::size_t) { return true; });
  }

  template <class Counts>
  std::size_t count_starts(Counts counts) const noexcept {
    std::size_t count = 0;
    for (const Stretch* stretch = space_.stretches(); stretch != nullptr; stretch = stretch->next) {
      const auto next = [=](std::size_t granule) { return stretch->map.next_start(granule, stretch->end); };
      for (std::size_t granule = next(stretch->first); granule < stretch->end; granule = next(granule + 1)) {
        if (counts(stretch->map, granule)) ++count;
      }
    }
    return count;
  }

  // Invariants 2 to 4 of the tile that begins at `tile` and ends before `end`.
  Fault judge(const Stretch& stretch, std::size_t tile, std::size_t end) const noexcept {
    const auto map = stretch.map;
    const std::size_t size = end - tile;
    if (map.starts(tile)) {
      return map.length(tile) == size && map.tells_before(stretch.first, tile) ? Fault::none : Fault::invariant_2;
    }
    if (!map.is_free_edge(tile)) return Fault::invariant_2;
    if (!map.is_whole(tile, end)) return Fault::invariant_3;
    const bool holds = space_.bins().holds(tile, size, [&](std::size_t other) { return is_free(other); });
    return holds ? Fault::none : Fault::invariant_4;
  }

  // Invariant 5: the bins' lists hold as many granules as are free, the bitmaps tell which bins have any.
  bool bins_hold() const noexcept {
    return space_.bins().sum([&](std::size_t block) { return is_free(block); }) == space_.free();
  }

  bool is_free(std::size_t block) const noexcept {
    const Stretch* stretch = space_.stretch_of(block);
    return stretch != nullptr && stretch->map.is_free_edge(block);
  }

  const Space& space_;
};

}  // namespace bareheap
