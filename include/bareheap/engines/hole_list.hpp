// SPDX-License-Identifier: MIT
//
// HoleList: the free memory tells itself. Every free stretch, a hole, holds its size and the address of the next one;
// lent blocks hold nothing of ours.
//
//     holes -> |size next| . . . . |  lent  |size next| . |  lent  | lent |size 0| . . . . |
//                   `--------------------------^  `--------------------------^
//
// First fit in address order. A freed block merges with the hole below and the hole above it. Memory given later joins
// where it touches a region's end; elsewhere it becomes a region of its own behind a header granule.
//
// For:      few and large blocks, teaching, the smallest footprint in memory.
// Not for:  many small blocks: every call walks the holes below the place it works at.
// Cost:     allocate and deallocate: one step per hole, from the lowest. resize in place: the same. walk and check: one
//           step per hole. A step of either: the holes below it, as for a deallocate there, and those that it shows or
//           tests.
// Overhead: the object is four words. A block is rounded up to 16 bytes (two words); nothing else is lost: what is
//           passed over for an alignment and what is left of a hole are holes again. A further region costs one
//           granule.
// Bad frees: every free that overlaps a hole, leaves the regions or does not start on a granule is caught. A free of a
//           part of a lent block, or of one that has been lent again since, is not noticed: only holes are known.
// Invariants:
//   1. Regions ascend, do not overlap, and start and end on a granule.
//   2. Holes ascend; each starts on a granule, has whole granules, at least one, and lies inside the regions.
//   3. Two holes never touch.
#pragma once

#include "bareheap/core/allocator.hpp"

#include <new>

namespace bareheap {

/// Where in the hole that was found a block is cut.
enum class Carving : std::uint8_t {
  front,  ///< from its start: blocks ascend
  tail,   ///< from its end: the hole's own words stay where they are
};

template <Carving Cut>
class BasicHoleList {
  struct Hole {
    std::size_t size;
    Hole* next;

    std::byte* start() noexcept { return reinterpret_cast<std::byte*>(this); }
    std::byte* end() noexcept { return start() + size; }
  };

 public:
  /// Sizes and addresses of blocks are multiples of this: two words, which is what a hole needs.
  static constexpr std::size_t granule = sizeof(Hole);

  /// No memory yet: every request is refused until init().
  constexpr BasicHoleList() noexcept = default;

  /// Takes the whole granules of a region, at least one; refuses a second region (more memory is given by add()).
  Admission init(Region region) noexcept {
    if (first_.size != 0) return {.fault = Fault::initialised_twice, .lost = region.size};
    const Admission admission = admit(region, granule, granule);
    if (!admission) return admission;
    first_ = admission.taken;
    holes_ = new (first_.start) Hole{first_.size, nullptr};
    return admission;
  }

  /// Takes the whole granules of a further region: one where it joins a region at that one's end or the first region at
  /// its start, else two, the first of which is the heap's own. Refuses what overlaps a region of the heap.
  Admission add(Region region) noexcept {
    if (first_.size == 0) return {.fault = Fault::not_initialised, .lost = region.size};
    const Admission admission = admit(region, granule, granule);
    if (!admission) return admission;
    const Region taken = admission.taken;
    if (overlaps_a_region(taken)) return {.fault = Fault::region_overlaps, .lost = region.size};
    if (join(taken)) {
      insert(taken.start, taken.size);
    } else if (taken.size > granule) {
      open(taken);
      insert(taken.start + granule, taken.size - granule);
    } else {
      return {.fault = Fault::region_too_small, .lost = region.size};
    }
    return admission;
  }

  Block allocate(Layout asked) noexcept {
    const std::size_t size = granted(asked.size());
    for (Hole** link = &holes_; *link != nullptr; link = &(*link)->next) {
      std::byte* const at = place_in(**link, size, asked.alignment());
      if (at == nullptr) continue;
      carve(*link, at, size);
      return {at, size};
    }
    return {};
  }

  void deallocate(std::byte* at, Layout asked) noexcept {
    if (at == nullptr) return;
    const Place place = place_of(at);
    if (const Fault fault = judge(place, at, asked); fault != Fault::none) [[unlikely]] {
      panic({.fault = fault, .address = at, .caller = caller_here()});
    }
    insert_at(place, at, granted(asked.size()));
  }

  /// Grows into the hole above the block where that is large enough, and gives back what is cut off by shrinking.
  bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    const Place place = place_of(at);
    if (const Fault fault = judge(place, at, asked); fault != Fault::none) [[unlikely]] {
      panic({.fault = fault, .address = at, .caller = caller_here()});
    }
    const std::size_t old_size = granted(asked.size());
    const std::size_t new_size = granted(size);
    if (new_size == old_size) return true;
    if (new_size < old_size) {
      insert_at(place, at + new_size, old_size - new_size);
      return true;
    }
    Hole* const above = *place.link;
    if (above == nullptr || above->start() != at + old_size || above->size < new_size - old_size) return false;
    carve(*place.link, at + old_size, new_size - old_size);
    return true;
  }

  bool owns(const void* at) const noexcept {
    return !every_region([&](Region region, bool) { return !region.contains(at); });
  }

  /// Lent blocks that touch are one tile: nothing tells where one ends.
  void walk(ExtentSink sink) const noexcept { static_cast<void>(walk_step(nullptr, size_limit, sink)); }

  const std::byte* walk_step(const std::byte* from, std::size_t count, ExtentSink sink) const noexcept {
    TileStep step(from, count, sink);
    Hole* hole = holes_;
    while (hole != nullptr && address_of(hole->end()) <= address_of(from)) hole = hole->next;
    const std::byte* at = from;
    const auto show = [&](const std::byte* end, ExtentKind kind) {
      if (address_of(end) <= address_of(at)) return true;
      const std::byte* const start = at;
      at = end;
      return step.show(start, address_of(end) - address_of(start), kind);
    };
    static_cast<void>(every_region([&](Region region, bool has_header) {
      if (address_of(at) < address_of(region.start)) at = region.start;
      if (has_header && !show(region.start + granule, ExtentKind::meta)) return false;
      for (; hole != nullptr && address_of(hole) < address_of(region.end()); hole = hole->next) {
        if (!show(hole->start(), ExtentKind::used) || !show(hole->end(), ExtentKind::free)) return false;
      }
      return show(region.end(), ExtentKind::used);
    }));
    return step.next();
  }

  [[nodiscard]] Fault check() const noexcept { return check_step(nullptr, size_limit).fault; }

  /// Tests `count` holes, and those below, each before it is followed to the next.
  [[nodiscard]] CheckStep check_step(const std::byte* from, std::size_t count) const noexcept {
    if (!regions_hold()) return {Fault::invariant_1, nullptr};
    const std::byte* end_below = nullptr;
    for (Hole* hole = holes_; hole != nullptr; hole = hole->next) {
      if (address_of(end_below) > address_of(from) && --count == 0) return {Fault::none, end_below};
      if (const Fault fault = judge(hole, end_below); fault != Fault::none) return {fault, nullptr};
      end_below = hole->end();
    }
    return {};
  }

 private:
  /// The first granule of a region that was added elsewhere. Its size counts the granule too.
  struct Header {
    std::size_t size;
    Header* next;

    Region region() noexcept { return {reinterpret_cast<std::byte*>(this), size}; }
  };
  static_assert(sizeof(Header) == granule && is_power_of_two(granule));

  /// Between two holes: the one below, if any, and the link to the one above.
  struct Place {
    Hole* below;
    Hole** link;
  };

  // A request for nothing gets a granule. What no region can hold becomes the greatest size, which no hole has.
  static std::size_t granted(std::size_t size) noexcept {
    return CheckedSize(size == 0 ? 1 : size).aligned_up(granule).value();
  }

  static std::byte* place_in(Hole& hole, std::size_t size, std::size_t alignment) noexcept {
    if (hole.size < size) return nullptr;
    if constexpr (Cut == Carving::tail) {
      const std::size_t at = align_down(address_of(hole.end()) - size, alignment);
      return at >= address_of(&hole) ? hole.start() + (at - address_of(&hole)) : nullptr;
    }
    const CheckedSize at = CheckedSize(address_of(&hole)).aligned_up(alignment);
    const bool fits = at.fits() && at.value() - address_of(&hole) <= hole.size - size;
    return fits ? hole.start() + (at.value() - address_of(&hole)) : nullptr;
  }

  // Takes `size` bytes at `at` out of the hole that `link` leads to; what is left on either side stays a hole.
  static void carve(Hole*& link, std::byte* at, std::size_t size) noexcept {
    Hole* const hole = link;
    Hole* next = hole->next;
    const auto before = static_cast<std::size_t>(at - hole->start());
    const std::size_t after = hole->size - before - size;
    if (after != 0) next = new (at + size) Hole{after, next};
    link = next;
    if (before == 0) return;
    link = hole;
    hole->size = before;
    hole->next = next;
  }

  Place place_of(const std::byte* at) noexcept {
    Place place{nullptr, &holes_};
    while (*place.link != nullptr && address_of(*place.link) <= address_of(at)) {
      place.below = *place.link;
      place.link = &place.below->next;
    }
    return place;
  }

  Fault judge(const Place& place, std::byte* at, Layout asked) const noexcept {
    const std::size_t size = granted(asked.size());
    if (!is_aligned(address_of(at), granule) || !lies_in_regions(at, granule)) return Fault::never_lent;
    if (place.below != nullptr && address_of(place.below->end()) > address_of(at)) return Fault::freed_twice;
    const bool reaches_hole = *place.link != nullptr && size > address_of(*place.link) - address_of(at);
    if (reaches_hole || !lies_in_regions(at, size)) return Fault::wrong_layout;
    return is_aligned(address_of(at), asked.alignment()) ? Fault::none : Fault::wrong_layout;
  }

  // A hole by the end of the one below it, or null. Where its address is wrong it is not read.
  Fault judge(Hole* hole, const std::byte* end_below) const noexcept {
    const bool ascends = address_of(hole) >= address_of(end_below);
    if (!ascends || !is_aligned(address_of(hole), granule) || !lies_in_regions(hole->start(), granule)) {
      return Fault::invariant_2;
    }
    const bool whole = hole->size != 0 && is_aligned(hole->size, granule);
    if (!whole || !lies_in_regions(hole->start(), hole->size)) return Fault::invariant_2;
    return hole->start() == end_below ? Fault::invariant_3 : Fault::none;
  }

  void insert(std::byte* at, std::size_t size) noexcept { insert_at(place_of(at), at, size); }

  // A free stretch at its place in the list, merged with the holes that it touches.
  static void insert_at(Place place, std::byte* at, std::size_t size) noexcept {
    Hole* next = *place.link;
    if (next != nullptr && next->start() == at + size) {
      size += next->size;
      next = next->next;
    }
    if (place.below != nullptr && place.below->end() == at) {
      place.below->size += size;
      place.below->next = next;
    } else {
      *place.link = new (at) Hole{size, next};
    }
  }

  // True where `visit` is, which is asked of each region, lowest first, with whether it starts with a header, until it
  // is false.
  template <class Visit>
  bool every_region(Visit visit) const noexcept {
    Header* header = others_;
    bool first_is_due = first_.size != 0;
    while (first_is_due || header != nullptr) {
      const bool is_first = first_is_due && (header == nullptr || address_of(first_.start) < address_of(header));
      if (!visit(is_first ? first_ : header->region(), !is_first)) return false;
      if (is_first) {
        first_is_due = false;
      } else {
        header = header->next;
      }
    }
    return true;
  }

  // Outside the headers. Regions that touch count as one.
  bool lies_in_regions(const std::byte* at, std::size_t size) const noexcept {
    std::size_t next = address_of(at);
    const std::size_t end = next + size;
    if (end < next) return false;
    static_cast<void>(every_region([&](Region region, bool has_header) {
      const std::size_t first = address_of(region.start) + (has_header ? granule : 0);
      if (next >= first && next < address_of(region.end())) next = address_of(region.end());
      return next < end;
    }));
    return next >= end;
  }

  bool overlaps_a_region(Region other) const noexcept {
    return !every_region([&](Region region, bool) { return !region.overlaps(other); });
  }

  // Makes `taken` part of the region that it touches, if there is one.
  bool join(Region taken) noexcept {
    if (taken.start == first_.end()) {
      first_.size += taken.size;
      return true;
    }
    if (taken.end() == first_.start) {
      first_ = {taken.start, first_.size + taken.size};
      return true;
    }
    for (Header* header = others_; header != nullptr; header = header->next) {
      if (header->region().end() != taken.start) continue;
      header->size += taken.size;
      return true;
    }
    return false;
  }

  void open(Region taken) noexcept {
    Header** link = &others_;
    while (*link != nullptr && address_of(*link) < address_of(taken.start)) link = &(*link)->next;
    *link = new (taken.start) Header{taken.size, *link};
  }

  static bool region_holds(Region region, std::size_t end_below) noexcept {
    return address_of(region.start) >= end_below && !region.wraps() && region.size >= granule &&
           is_aligned(address_of(region.start) | region.size, granule);
  }

  // The headers first, each before it is followed: only then does every_region come to an end.
  bool regions_hold() const noexcept {
    if (first_.size == 0) return holes_ == nullptr && others_ == nullptr;
    std::size_t end_below = 0;
    for (Header* header = others_; header != nullptr; header = header->next) {
      if (address_of(header) < end_below || !is_aligned(address_of(header), granule)) return false;
      if (!region_holds(header->region(), end_below)) return false;
      end_below = address_of(header->region().end());
    }
    end_below = 0;
    return every_region([&](Region region, bool) {
      if (!region_holds(region, end_below)) return false;
      end_below = address_of(region.end());
      return true;
    });
  }

  Region first_;
  Hole* holes_ = nullptr;
  Header* others_ = nullptr;
};

/// The usual one: first fit, blocks cut from the front.
using HoleList = BasicHoleList<Carving::front>;

static_assert(Stepwise<HoleList> && Growable<HoleList>);
extern template class BasicHoleList<Carving::front>;

}  // namespace bareheap
