// SPDX-License-Identifier: MIT
//
// What the closure has to know of heaps of granules, and the tiny ones that it is asked of: on one region, and on
// several that come at any time.
#pragma once

#include "bareheap/bareheap.hpp"
#include "laws/closure.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

namespace bareheap::laws {

/// Next, previous and size, and the size once more; of a cached block the next one.
template <class Index>
struct ReadOfGranules {
  static constexpr Ends free{.at_start = 3 * sizeof(Index), .at_end = sizeof(Index)};
  static constexpr Ends cached{.at_start = sizeof(Index)};
};
template <class Index>
struct ReadBy<BasicRealTimeHeap<Index>> : ReadOfGranules<Index> {
  static constexpr bool trims = false;
};

/// The lists of a GranuleHeap: their heads, for each size from none on, and how many blocks are carved at once, for
/// each from one granule on. Where they are and how many is the next in the object behind the space.
template <class Index>
struct StockOf {
  std::span<Index> heads;
  std::span<std::uint8_t> batches;

  template <std::size_t Share>
  static StockOf of(const BasicGranuleHeap<Index, Share>& heap) {
    constexpr std::size_t space = sizeof(GranuleSpace<GranuleMoves<GranuleMap<std::size_t>, SegregatedBins<Index>>>);
    constexpr std::size_t most_batches = 1024 / BasicGranuleHeap<Index>::granule;
    struct {
      Index* heads;
      std::size_t count;
    } lists;
    std::memcpy(&lists, reinterpret_cast<const char*>(&heap) + space, sizeof lists);
    Index* const end = lists.heads + lists.count + 1;
    return {{lists.heads, end}, {reinterpret_cast<std::uint8_t*>(end), std::min(lists.count, most_batches)}};
  }

  /// In whole words.
  std::size_t bytes() const { return (heads.size_bytes() + batches.size() + 7) / 8 * 8; }
};

template <class Index, std::size_t Share>
struct ReadBy<BasicGranuleHeap<Index, Share>> : ReadOfGranules<Index> {
  static constexpr bool trims = true;

  /// A batch of more blocks than there is room for is one of as many as there is. The largest layout has no room.
  static void settle(const BasicGranuleHeap<Index, Share>& heap, std::span<const Layout> layouts) {
    std::size_t granules = 0;
    for (const Layout& layout : layouts) {
      if (layout.size() != size_limit) granules = std::max(granules, layout.size() / heap.granule);
    }
    std::size_t size = 0;
    for (std::uint8_t& grown : StockOf<Index>::of(heap).batches) {
      ++size;
      while (grown != 0 && std::size_t{1} << (grown - 1) >= granules / size) --grown;
    }
  }
};

/// A heap that gets its region in pieces: one at once, the others by donate(). What is between them is shown as if it
/// were the heap's state, so that the picture covers the region.
template <class Heap>
class InPieces : public Heap {
 public:
  struct Plan {
    Region first;
    Region span;
    std::span<const Region> further;
  };
  inline static Plan plan;  // of all such heaps, as the laws give one region

  Admission init(Region whole) noexcept {
    whole_ = whole;
    const Admission admission = Heap::init(plan.first, plan.span);
    return {.fault = admission.fault, .taken = whole};
  }

  bool donate(const Region& piece) noexcept { return static_cast<bool>(Heap::add(piece)); }

  void walk(ExtentSink sink) const noexcept {
    Gaps gaps(whole_.start);
    const auto show = [&](const Extent& tile) { sink(tile); };
    Heap::walk([&](const Extent& tile) { gaps.show(tile, show); });
    gaps.show({whole_.end(), 0, ExtentKind::meta}, show);
  }

  const std::byte* walk_step(const std::byte* from, std::size_t count, ExtentSink sink) const noexcept {
    TileStep step(from, count, sink);
    const auto show = [&](const Extent& tile) { step.show(tile.at, tile.size, tile.kind); };
    Gaps gaps(address_of(from) < address_of(whole_.start) ? whole_.start : from);
    const std::byte* next = from;
    do {
      next = Heap::walk_step(next, 1, [&](const Extent& tile) { gaps.show(tile, show); });
    } while (next != nullptr);
    gaps.show({whole_.end(), 0, ExtentKind::meta}, show);
    return step.next();
  }

  /// True where each region is its record and one free block.
  bool is_whole() const noexcept {
    ExtentKind last = ExtentKind::free;
    bool whole = true;
    Heap::walk([&](const Extent& tile) {
      whole = whole && tile.kind == (last == ExtentKind::free ? ExtentKind::meta : ExtentKind::free);
      last = tile.kind;
    });
    return whole && last == ExtentKind::free;
  }

 private:
  class Gaps {
   public:
    explicit Gaps(const std::byte* from) : next_(from) {}

    template <class Show>
    void show(const Extent& tile, Show show) {
      if (address_of(next_) < address_of(tile.at)) {
        show(Extent{next_, address_of(tile.at) - address_of(next_), ExtentKind::meta});
      }
      if (tile.size != 0) show(tile);
      next_ = tile.end();
    }

   private:
    const std::byte* next_;
  };

  Region whole_;
};

template <class Heap>
struct ReadBy<InPieces<Heap>> : ReadBy<Heap> {};

/// Every size there is room for and one more, each with three alignments.
template <class Heap>
std::vector<Layout> every_layout(std::size_t granules) {
  std::vector<Layout> layouts;
  for (std::size_t size = 1; size <= granules + 1; ++size) {
    for (std::size_t alignment = Heap::granule; alignment <= 4 * Heap::granule; alignment *= 2) {
      layouts.push_back({size * Heap::granule, alignment});
    }
  }
  return layouts;
}

/// Bytes of the smallest region after whose gift so many granules are free. `give(heap, bytes)` gives it to a new heap.
template <class Heap, class Give>
std::size_t bytes_for(std::size_t granules, Give give) {
  for (std::size_t bytes = Heap::granule;; bytes += Heap::granule) {
    Heap heap;
    if (give(heap, bytes) && picture_of(heap).free_bytes == granules * Heap::granule) return bytes;
  }
}

/// Pieces for a heap with `first` free granules and a span of `span` bytes, or none beyond its region.
template <class Heap>
class Donations {
 public:
  Donations(std::byte* start, std::size_t first, std::size_t span) : start_(start), first_(first), span_(span) {
    first_size_ = bytes_for<Heap>(first, [&](Heap& heap, std::size_t bytes) { return begin(heap, bytes); });
    end_ = start + first_size_;
  }

  /// Behind all others and a gap, with so many free granules.
  Donations& piece(std::size_t granules, std::size_t gap) {
    std::byte* const at = end_ + gap * Heap::granule;
    return bytes(gap, bytes_for<Heap>(first_ + granules, [&](Heap& heap, std::size_t bytes) {
      return begin(heap, first_size_) && heap.add({at, bytes});
    }));
  }

  Donations& bytes(std::size_t gap, std::size_t size) {
    further_.push_back({end_ + gap * Heap::granule, size});
    end_ = further_.back().end();
    return *this;
  }

  std::size_t granules_to_the_end_of_the_span() const {
    return (address_of(start_ + span_) - address_of(end_)) / Heap::granule;
  }

  /// Lays this plan down for heaps in pieces, and tells the region that is theirs.
  Region lay_down() const {
    InPieces<Heap>::plan = {{start_, first_size_}, span(first_size_), further_};
    return Region::between(start_, end_);
  }

 private:
  Region span(std::size_t bytes) const { return {start_, span_ == 0 ? bytes : span_}; }

  bool begin(Heap& heap, std::size_t bytes) const {
    return static_cast<bool>(heap.init({start_, bytes}, span(bytes)));
  }

  std::byte* start_;
  std::size_t first_;
  std::size_t span_;
  std::size_t first_size_;
  std::byte* end_;
  std::vector<Region> further_;
};

/// One piece that joins the first region, one further up in its span, one outside.
template <class Heap>
Donations<Heap> in_a_span(std::byte* start, std::size_t first, std::size_t each) {
  Donations<Heap> donations(start, first, 128 * Heap::granule);
  donations.bytes(0, each * Heap::granule).piece(each, 1);
  return donations.piece(each, donations.granules_to_the_end_of_the_span());
}

}  // namespace bareheap::laws
