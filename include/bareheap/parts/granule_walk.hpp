// SPDX-License-Identifier: MIT
// Shows the tiles of a GranuleSpace.
#pragma once

#include "bareheap/core/extent.hpp"

namespace bareheap {

template <class Space>
class GranuleWalk {
 public:
  explicit GranuleWalk(const Space& space) noexcept : space_(space) {}

  /// As walk_step() of an engine.
  const std::byte* step(const std::byte* from, std::size_t count, ExtentSink sink) const noexcept {
    TileStep step(from, count, sink);
    for (const Stretch* stretch = space_.stretches(); stretch != nullptr; stretch = stretch->next) {
      const std::byte* const start = space_.address(stretch->start);
      const std::size_t below = step.below(start) / Space::granule;
      if (below >= stretch->end - stretch->start) continue;
      if (!step.show(start, (stretch->first - stretch->start) * Space::granule, ExtentKind::meta)) break;
      if (!show(*stretch, stretch->map.tile_of(stretch->first, stretch->start + below), step)) break;
    }
    return step.next();
  }

 private:
  using Stretch = typename Space::Stretch;

  bool show(const Stretch& stretch, std::size_t tile, TileStep& step) const noexcept {
    while (tile != stretch.end) {
      const std::size_t end = stretch.map.end_of(tile, stretch.end);
      const ExtentKind kind = stretch.map.is_lent(tile)     ? ExtentKind::used
                              : stretch.map.is_cached(tile) ? ExtentKind::cached
                                                            : ExtentKind::free;
      if (!step.show(space_.address(tile), (end - tile) * Space::granule, kind)) return false;
      tile = end;
    }
    return true;
  }

  const Space& space_;
};

}  // namespace bareheap
