// SPDX-License-Identifier: MIT
// Memory in granules: the regions that it consists of, and the moves in them (GranuleMoves). The regions:
//
//     first one     | heads of the bins | stretch | extra | map of the span | granules . . . . . . |
//     further ones  | stretch | granules . . . . . . . . |                                  inside the span
//                   | stretch | map | granules . . . . . . . |                            elsewhere
//
// Granules have numbers, counted from the start of the first region. Those of the heap's own state are interior for
// ever, so number 0 stands for "none".
#pragma once

#include "bareheap/core/fault.hpp"
#include "bareheap/core/layout.hpp"
#include "bareheap/core/region.hpp"

#include <bit>
#include <cstdint>
#include <new>
#include <type_traits>

namespace bareheap {

template <class Moves>
class GranuleSpace : public Moves {
 public:
  using typename Moves::Bins;
  using typename Moves::Map;
  using typename Moves::Place;

  using Moves::address;
  using Moves::base;
  using Moves::bins;
  using Moves::granule;
  using Moves::granules_of;

  /// On microcontrollers little code counts for more than few instructions.
  static constexpr bool is_compact = sizeof(std::size_t) < 8;

  /// A region that is in use: its granules from `start`, of which blocks may have [first, end).
  struct Stretch {
    Map map;
    std::size_t start;
    std::size_t first;
    std::size_t end;
    Stretch* next;
  };

  /// What is needed to look at the blocks of the span. It can be copied, and stays right as long as the heap lives.
  class View {
   public:
    /// Granules of the largest block that lends() can look at.
    static constexpr std::size_t most_granules = Map::most_in_sight;

    constexpr View() noexcept = default;
    View(std::size_t base, std::size_t count, Map map) noexcept : base_(base), count_(count), map_(map) {}

    [[gnu::always_inline]] std::byte* address(std::size_t number) const noexcept {
      return pointer(base_ + number * granule);
    }

    /// The number of the granule that starts at this address; where none does, the number is beyond all others.
    [[gnu::always_inline]] std::size_t number_of(const std::byte* at) const noexcept {
      return std::rotr(address_of(at) - base_, std::countr_zero(granule));
    }

    /// As GranuleMap::lends(); false for numbers outside the span.
    [[gnu::always_inline]] bool lends(std::size_t number, std::size_t size) const noexcept {
      return number < count_ && map_.lends(number, size);
    }

    /// As GranuleMap::lent_length(); 0 for numbers outside the span.
    [[gnu::always_inline]] std::size_t lent_length(std::size_t number) const noexcept {
      if (number >= count_) [[unlikely]] return 0;
      return map_.lent_length(number);
    }

    Map& map() noexcept { return map_; }

   private:
    std::size_t base_ = 0;
    std::size_t count_ = 0;
    Map map_;
  };

  View view() const noexcept { return {base(), count_, map_}; }

  constexpr GranuleSpace() noexcept = default;

  /// Takes the first region, with a map of the span that starts with it. No block will have more than the bytes of the
  /// span or `largest`. `extra`: bytes of state that somebody else wants, a multiple of a word; they are at extra().
  /// `content` is the region's. Cost: clearing the map, unless that is zero.
  Admission init(Region region, Region span, std::size_t largest, std::size_t extra,
                 Content content = Content::unknown) noexcept {
    if (count_ != 0) return {.fault = Fault::initialised_twice, .lost = region.size};
    Admission admission = admitted(region);
    const Admission whole = admitted(span);
    if (!admission || !whole) return {.fault = admission ? whole.fault : admission.fault, .lost = region.size};
    Region& taken = admission.taken;
    if (taken.start != whole.taken.start || taken.size > whole.taken.size)
      return {.fault = Fault::region_apart, .lost = region.size};
    const std::size_t count = least(whole.taken.size / granule, most_numbers);
    const std::size_t end = least(taken.size / granule, count);
    const std::size_t most = largest <= count * granule ? count : least(granules_of(largest), most_numbers);
    const std::size_t heads = Bins::heads_for(most);
    const std::size_t extra_at = heads * granule + sizeof(Stretch);
    const std::size_t first = granules_of(extra_at + extra + Map::bytes_for(0, count + 1));
    if (first >= end) return {.fault = Fault::region_too_small, .lost = region.size};
    admission.lost += taken.size - end * granule;
    taken.size = end * granule;
    count_ = count;
    Moves::begin(address_of(taken.start), most);
    map_ = Map(taken.start + extra_at + extra, 0, count + 1, content);
    stretches_ = new (address(heads)) Stretch{map_, 0, first, end, nullptr};
    open(*stretches_);
    return admission;
  }

  /// Takes a further region. Inside the span it joins what ends where it starts. Elsewhere it is cut into pieces that
  /// are no larger than a block may be. What the index cannot reach is refused, or lost where only its end is out of
  /// reach.
  /// Cost: a step for each region; outside the span, clearing a map.
  Admission add(Region region) noexcept {
    if (count_ == 0) return {.fault = Fault::not_initialised, .lost = region.size};
    Admission admission = admitted(region);
    if (!admission) return admission;
    Region& taken = admission.taken;
    const std::size_t start = (address_of(taken.start) - base()) / granule;
    if (address_of(taken.start) < base() || start >= most_numbers)
      return {.fault = Fault::region_apart, .lost = region.size};
    const std::size_t end = least(start + taken.size / granule, start < count_ ? count_ : most_numbers);
    Stretch** link = &stretches_;
    Stretch* below = nullptr;
    for (; *link != nullptr && (*link)->start <= start; link = &below->next) below = *link;
    if (below->end > start || (*link != nullptr && (*link)->start < end))
      return {.fault = Fault::region_overlaps, .lost = region.size};
    std::size_t taken_end = end;
    if (below->end == start && end <= count_) {
      extend(*below, end);
    } else {
      taken_end = end <= count_ ? open_inside(link, start, end) : open_outside(link, start, end);
    }
    if (taken_end == start) return {.fault = Fault::region_too_small, .lost = region.size};
    admission.lost += taken.size - (taken_end - start) * granule;
    taken.size = (taken_end - start) * granule;
    return admission;
  }

  std::size_t count() const noexcept { return count_; }
  std::size_t total() const noexcept { return total_; }
  /// Granules of free blocks. Without a stock nobody counts them: a step for each tile.
  std::size_t free() const noexcept {
    if constexpr (Map::may_stock) return Moves::counted_free();
    std::size_t count = 0;
    for (const Stretch* stretch = stretches_; stretch != nullptr; stretch = stretch->next) {
      count += stretch->map.count_free(stretch->first, stretch->end);
    }
    return count;
  }
  std::byte* extra() const noexcept { return reinterpret_cast<std::byte*>(stretches_ + 1); }
  const Stretch* stretches() const noexcept { return stretches_; }

  /// The map of a granule; where that is in no region, one in which nothing is there.
  Map map_of(std::size_t number) const noexcept { return number < near() ? map_ : map_outside(number); }

  /// The numbers below it are near: their map is map(). Those of the span; without a stock of the first region alone,
  /// as what stands behind a region looks lent then, and must not be freed.
  std::size_t near() const noexcept {
    if constexpr (Map::may_stock) return count_;
    else return near_.end;
  }

  /// The region whose blocks [first, end) hold this granule; null: it is in none.
  const Stretch* stretch_of(std::size_t number) const noexcept {
    const Stretch* stretch = stretches_;
    while (stretch != nullptr && stretch->end <= number) stretch = stretch->next;
    return stretch != nullptr && stretch->first <= number ? stretch : nullptr;
  }

  /// The map of the span, whose granules have numbers below count().
  Map& map() noexcept { return map_; }

  /// The number of the granule that starts at this address; where none does, the number is beyond all others.
  std::size_t number_of(const std::byte* at) const noexcept {
    return std::rotr(address_of(at) - base(), std::countr_zero(granule));
  }

  /// The opposite, also where no granule starts.
  const std::byte* address_of_any(std::size_t number) const noexcept {
    return pointer(std::rotl(number, std::countr_zero(granule)) + base());
  }

  /// The first step of give() and resize(): false, and nothing has changed, unless a block of exactly `size` granules
  /// is lent at this number. Otherwise one of the two must follow, or keep().
  [[nodiscard]] bool judge(std::size_t number, std::size_t size) noexcept {
    return map_of(number).open_end(number, size);
  }

  /// Undoes judge().
  void keep(std::size_t number, std::size_t size) noexcept { map_of(number).close_end(number, size); }

  /// Why no block of the size that was named is lent at this address.
  Fault reason(const std::byte* at) const noexcept {
    const std::size_t number = number_of(at);
    const Stretch* stretch = stretch_of(number);
    if (stretch == nullptr) return Fault::never_lent;
    if (stretch->map.is_lent(number)) return Fault::wrong_layout;
    const std::size_t tile = stretch->map.tile_below(stretch->first, number);
    const bool in_block = stretch->map.is_lent(tile) || (stretch->map.is_cached(tile) && tile != number);
    return in_block ? Fault::never_lent : Fault::freed_twice;
  }

  /// Granules of the block that is lent at this address; 0: there is none.
  std::size_t size_of(const std::byte* at) const noexcept {
    const std::size_t number = number_of(at);
    const Stretch* stretch = stretch_of(number);
    return stretch != nullptr && stretch->map.is_lent(number) ? stretch->map.length(number) : 0;
  }

  bool owns(const void* at) const noexcept {
    const Stretch* stretch = stretches_;
    while (stretch != nullptr && address_of(at) - address_of(address(stretch->start)) >= size_of(*stretch)) {
      stretch = stretch->next;
    }
    return stretch != nullptr;
  }

  /// Shows the regions of free blocks of at least `size` granules. A step for each, and for smaller ones of their bin.
  template <class Sink>
  void each_free_from(std::size_t size, Sink sink) const noexcept {
    bins().each_from(size, [&](std::size_t first, std::size_t found) { sink({address(first), found * granule}); });
  }

  /// Forgets all blocks. Cost: that of clearing the maps.
  void reset() noexcept {
    if (count_ == 0) return;
    Moves::begin(base(), Moves::most());
    map_.clear(0, count_ + 1);
    total_ = 0;
    for (Stretch* stretch = stretches_; stretch != nullptr; stretch = stretch->next) {
      if (stretch->end > count_) stretch->map.clear(stretch->start, stretch->end + 1);
    }
    for (Stretch* stretch = stretches_; stretch != nullptr; stretch = stretch->next) open(*stretch);
  }

  /// Lends `size` granules: the first of them, or 0. Any size is right.
  [[gnu::always_inline]] std::size_t take(std::size_t size) noexcept {
    const std::size_t first = Moves::find(size);
    return first == 0 ? 0 : Moves::lend(map_of(first), first, size);
  }

  /// The same at a multiple of `alignment` bytes, which is more than a granule.
  [[gnu::always_inline]] std::size_t take_aligned(std::size_t size, std::size_t alignment) noexcept {
    const Place place = Moves::find_aligned(size, alignment);
    return place.is_none() ? 0 : Moves::lend(map_of(place.block.number()), place, size);
  }

  /// As both, for what they refused: Moves::find_any().
  std::size_t take_any(std::size_t size, std::size_t alignment) noexcept {
    return take_at(Moves::find_any(size, alignment), size);
  }

  /// As take(), but at the end of the free block that is found.
  std::size_t take_last(std::size_t size) noexcept { return take_at(Moves::find_last(size), size); }

  /// As Moves::lend_run() of what is found, which begins at `first`; outside the span one block; none: 0.
  std::size_t take_run(std::size_t size, std::size_t count, std::size_t& first) noexcept {
    first = Moves::find(size);
    if (first == 0) return 0;
    return Moves::lend_run(map_of(first), first, size, first < count_ ? count : 1);
  }

  /// As Moves has them, of judged blocks wherever they are; rows and cached blocks are of the span.
  using Moves::give;
  using Moves::resize;
  void give(std::size_t first, std::size_t size) noexcept { Moves::give(map_of(first), first, size); }
  void give_row(std::size_t first, std::size_t size, std::size_t count) noexcept {
    Moves::give_row(map_, first, size, count);
  }
  void give_cached(std::size_t first, std::size_t size) noexcept { Moves::give_cached(map_, first, size); }
  bool resize(std::size_t first, std::size_t before, std::size_t after) noexcept {
    return Moves::resize(map_of(first), first, before, after);
  }

 private:
  static constexpr std::size_t record = granules_of(sizeof(Stretch));
  static constexpr std::size_t most_numbers =
      Bins::most_granules < Map::most_length ? Bins::most_granules : Map::most_length;

  // Inlined it would be there three times.
  [[gnu::noinline]] static Admission admitted(const Region& offered) noexcept {
    return admit(offered, granule, granule);
  }

  static std::size_t least(std::size_t left, std::size_t right) noexcept { return left < right ? left : right; }
  static std::byte* pointer(std::size_t address) noexcept { return reinterpret_cast<std::byte*>(address); }

  [[gnu::cold, gnu::noinline]] Map map_outside(std::size_t number) const noexcept {
    const Stretch* const stretch = stretch_of(number);
    return stretch == nullptr ? Map::nothing_at(number) : stretch->map;
  }

  static std::size_t size_of(const Stretch& stretch) noexcept { return (stretch.end - stretch.start) * granule; }

  // All granules from `first` on become free. Something begins behind the last one, so that every block has an end.
  void open(Stretch& stretch) noexcept { give_new(stretch, stretch.first); }

  void give_new(Stretch& stretch, std::size_t first) noexcept {
    total_ += static_cast<std::uint32_t>(stretch.end - first);
    if constexpr (!Map::may_stock) {
      if (&stretch == stretches_) near_.end = stretch.end;
    }
    stretch.map.begin_sentinel(stretch.end);
    Moves::give_new(stretch.map, first, stretch.end);
  }

  void extend(Stretch& stretch, std::size_t end) noexcept {
    const std::size_t first = stretch.end;
    stretch.map.end_sentinel(first);
    stretch.end = end;
    give_new(stretch, first);
  }

  // Both answer where what could be opened ends.
  std::size_t open_inside(Stretch** link, std::size_t start, std::size_t end) noexcept {
    const std::size_t first = start + record;
    if (first >= end) return start;
    *link = new (address(start)) Stretch{map_, start, first, end, *link};
    open(**link);
    return end;
  }

  std::size_t open_outside(Stretch** link, std::size_t start, std::size_t end) noexcept {
    while (start != end) {
      const std::size_t piece_end = least(end, start + Moves::most());
      const std::size_t first = start + record + granules_of(Map::bytes_for(start, piece_end + 1));
      if (first >= piece_end) break;
      const Map map(address(start + record), start, piece_end + 1);
      *link = new (address(start)) Stretch{map, start, first, piece_end, *link};
      open(**link);
      link = &(*link)->next;
      start = piece_end;
    }
    return start;
  }

  [[gnu::noinline]] std::size_t take_at(Place place, std::size_t size) noexcept {
    return place.is_none() ? 0 : Moves::lend(map_of(place.block.number()), place, size);
  }

  // Only without a stock is that not the span.
  struct Near {
    std::size_t end = 0;
  };
  struct NoNear {};

  std::size_t count_ = 0;  // granules of the span
  [[no_unique_address]] std::conditional_t<Map::may_stock, NoNear, Near> near_;
  Map map_;
  std::uint32_t total_ = 0;   // granules that blocks may have
  Stretch* stretches_ = nullptr;
};

}  // namespace bareheap
