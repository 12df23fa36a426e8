// SPDX-License-Identifier: MIT
// Figures of a heap, counted from its picture. They cost one walk.
//
//     | used | free | cached | used |      free      | meta |
//             `---- hole ---'       `---- hole -----'
//
// A hole is a stretch of free tiles that touch. What was asked for inside the used tiles is not in the picture.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/core/text.hpp"

#include <cstddef>

namespace bareheap {

struct Statistics {
  std::size_t free_bytes = 0;    ///< can be lent; with what stocks hold
  std::size_t used_bytes = 0;    ///< lent, with rounding and padding
  std::size_t meta_bytes = 0;    ///< the heap's own state inside its regions
  std::size_t largest_free = 0;  ///< of free tiles that touch, the largest stretch
  std::size_t used_tiles = 0;
  std::size_t free_tiles = 0;
  std::size_t holes = 0;  ///< stretches of free tiles that touch

  std::size_t total_bytes() const noexcept { return free_bytes + used_bytes + meta_bytes; }

  friend bool operator==(const Statistics&, const Statistics&) noexcept = default;
};

/// Counts tiles one after another, in the order in which a walk shows them; in one go or in the steps of a
/// ResumableWalk.
class StatisticsCounter {
 public:
  void add(const Extent& extent) noexcept {
    switch (extent.kind) {
      case ExtentKind::meta: figures_.meta_bytes += extent.size; return;
      case ExtentKind::used:
        figures_.used_bytes += extent.size;
        ++figures_.used_tiles;
        return;
      case ExtentKind::free:
      case ExtentKind::cached: return add_free(extent);
    }
  }

  const Statistics& figures() const noexcept { return figures_; }

 private:
  void add_free(const Extent& extent) noexcept {
    figures_.free_bytes += extent.size;
    ++figures_.free_tiles;
    if (stretch_.size != 0 && stretch_.end() == extent.at) {
      stretch_.size += extent.size;
    } else {
      stretch_ = extent;
      ++figures_.holes;
    }
    if (stretch_.size > figures_.largest_free) figures_.largest_free = stretch_.size;
  }

  Statistics figures_;
  Extent stretch_;
};

template <Allocator Heap>
Statistics statistics_of(const Heap& heap) noexcept {
  StatisticsCounter counter;
  heap.walk([&counter](const Extent& extent) { counter.add(extent); });
  return counter.figures();
}

/// Why a request is refused though enough is free: how the free memory is scattered.
struct Fragmentation {
  std::size_t holes = 0;
  std::size_t largest_free = 0;
  /// Of the free bytes those outside the largest hole; 0 where all are in one hole or none is free.
  std::size_t permille = 0;
};

inline Fragmentation fragmentation_of(const Statistics& figures) noexcept {
  const std::size_t scattered = figures.free_bytes - figures.largest_free;
  const bool multiplies = figures.free_bytes <= size_limit / 1000;
  const std::size_t permille = figures.free_bytes == 0 ? 0
                               : multiplies            ? scattered * 1000 / figures.free_bytes
                                                       : scattered / (figures.free_bytes / 1000);
  return {figures.holes, figures.largest_free, permille};
}

/// Four lines for a person, for instance from an out-of-memory handler:
///
///     used 4096 of 16384 bytes, in 3 tiles
///     free 12224 bytes in 2 holes, the largest 8192
///     meta 64 bytes
///     fragmentation 329 permille
inline void print_text(const Statistics& figures, TextSink sink) noexcept {
  put_text(sink, "used ");
  put_decimal(sink, figures.used_bytes);
  put_text(sink, " of ");
  put_decimal(sink, figures.total_bytes());
  put_text(sink, " bytes, in ");
  put_decimal(sink, figures.used_tiles);
  put_text(sink, figures.used_tiles == 1 ? " tile\nfree " : " tiles\nfree ");
  put_decimal(sink, figures.free_bytes);
  put_text(sink, " bytes in ");
  put_decimal(sink, figures.holes);
  put_text(sink, figures.holes == 1 ? " hole, the largest " : " holes, the largest ");
  put_decimal(sink, figures.largest_free);
  put_text(sink, "\nmeta ");
  put_decimal(sink, figures.meta_bytes);
  put_text(sink, " bytes\nfragmentation ");
  put_decimal(sink, fragmentation_of(figures).permille);
  put_text(sink, " permille\n");
}

/// One JSON object on one line, for a program that reads it.
inline void print_json(const Statistics& figures, TextSink sink) noexcept {
  const struct {
    const char* name;
    std::size_t value;
  } members[] = {
      {"{\"total_bytes\":", figures.total_bytes()},
      {",\"used_bytes\":", figures.used_bytes},
      {",\"free_bytes\":", figures.free_bytes},
      {",\"meta_bytes\":", figures.meta_bytes},
      {",\"largest_free\":", figures.largest_free},
      {",\"used_tiles\":", figures.used_tiles},
      {",\"free_tiles\":", figures.free_tiles},
      {",\"holes\":", figures.holes},
      {",\"fragmentation_permille\":", fragmentation_of(figures).permille},
  };
  for (const auto& member : members) {
    put_text(sink, member.name);
    put_decimal(sink, member.value);
  }
  put_text(sink, "}\n");
}

}  // namespace bareheap
