// SPDX-License-Identifier: MIT
//
// RealTimeHeap: every call takes a bounded number of instructions, blocks have no headers, and every bad free is
// caught. The region is divided into granules. A map outside them has two bits for each; a lent block holds nothing of
// ours.
//
//     map        l . . l f . . . . b . . . . f . .        l lent   b lent, free before   f free   . interior
//     granules  |lent |l|free     |lent     |free |
//                        next previous size . . size
//                          |            bins: two rings of free blocks for each doubling of the size, and a word that
//                          tells `----------  which rings have any
//
// A freed block asks the map about its two neighbours and merges with those that are free, whose sizes stand at the
// end that it touches. A request takes the first block of its own bin, if that is large enough, else the first of the
// next bin that has any, and gives back the rest.
//
// For:      interrupts, control loops, kernels: where the longest call counts.
// Not for:  the least time in the mean: GranuleHeap has lists for each size in front of the same.
// Cost:     every call: bounded, whatever the heap is like, also one that fails; docs/granule_heap.md has the bounds.
//           Each further region that does not join the first adds a step. init and reset: clearing the map. walk and
//           check: a step for each tile and for each word of the map.
// Overhead: the object is nine words of 64 bits, with 16-bit indexes eight. A block is rounded up to 16 bytes; with
//           16-bit indexes, for regions up to 512 KiB, to 8. The map takes 1/64 of the span, 1/32 with 16-bit
//           indexes. The bins take two granules for each doubling of the largest block. With the record that is 448
//           bytes of 64 KiB and the map, with 16-bit indexes 256 and the map.
// Bad frees: every free of what is not the address of a lent block, and every size that rounds to other granules than
//           the block has, is caught, by the map alone. A wrong alignment is not noticed.
// Invariants:
//   1. Regions ascend, do not overlap, and start with their record.
//   2. The map tells every granule's tile, and the length of every long block. It has as many blocks as were counted.
//   3. Two free blocks never touch. Where free memory begins and ends is told once, and nothing else inside it.
//   4. A free block has its size at both ends, and names its neighbours in the ring of its bin, which name it.
//   5. The rings hold every free block; the word tells which have any.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/parts/granule_audit.hpp"
#include "bareheap/parts/granule_map.hpp"
#include "bareheap/parts/granule_moves.hpp"
#include "bareheap/parts/granule_sizing.hpp"
#include "bareheap/parts/granule_space.hpp"
#include "bareheap/parts/granule_walk.hpp"
#include "bareheap/parts/segregated_bins.hpp"

#include <cstdint>

namespace bareheap {

/// `Index` counts granules: std::uint32_t for regions up to 8 GiB, std::uint16_t up to 512 KiB.
template <class Index>
class BasicRealTimeHeap {
  using Space = GranuleSpace<GranuleMoves<GranuleMap<std::uint32_t, PlainWords, false>, SegregatedBins<Index>>>;
  using Place = typename Space::Place;

 public:
  /// Sizes and addresses of blocks are multiples of this: 16 bytes with 32-bit indexes, 8 with 16-bit ones.
  static constexpr std::size_t granule = Space::granule;

  /// Bytes of a region, wherever it starts, in which no request of this load is ever refused. A load that cannot be, or
  /// that is too large for the index, does not compile.
  static consteval std::size_t bytes_needed(Load load) {
    return GranuleSizing<Space>::bytes(load, [](std::size_t) { return std::size_t{0}; });
  }

  /// No memory yet: every request is refused until init().
  constexpr BasicRealTimeHeap() noexcept = default;

  /// Takes a region. What is added later is a region of its own, and has a map of its own, wherever it lies.
  Admission init(Region region) noexcept { return init(region, region); }

  /// Takes a region that is the beginning of `span`, an address range in which memory is to be added: the region holds
  /// the map of all of it, so that what add() takes there merges with what it touches. Refuses a region that is not. No
  /// block will be larger than the span, or than `largest` bytes, so say that where larger regions are added elsewhere.
  Admission init(Region region, Region span, std::size_t largest = 0) noexcept {
    return space_.init(region, span, largest, 0);
  }

  /// Takes a further region. Inside the span it costs nothing where it joins a region at that one's end, else its
  /// record of five words; elsewhere also its map, and it is cut into pieces that are no larger than a block may be.
  /// What begins inside the span and ends outside is taken up to its end. Refuses what lies below the first region or
  /// further up than an index can reach.
  Admission add(Region region) noexcept { return space_.add(region); }

  Block allocate(Layout asked) noexcept {
    const std::size_t size = Space::granules_of(asked.size());
    if (asked.alignment() > granule) return allocate_aligned(size, asked.alignment());
    if constexpr (Space::is_compact) return allocate_aligned(size, granule);  // the same code for all
    const std::size_t first = space_.find(size);
    if (first == 0) return {};
    if (first >= space_.near()) [[unlikely]] return lend_anywhere({Space::Bins::linked(first), 0}, size);
    return block(space_.lend(space_.map(), first, size), size);
  }

  void deallocate(std::byte* at, Layout asked) noexcept {
    const std::size_t size = Space::granules_of(asked.size());
    const std::size_t first = space_.number_of(at);
    if (Space::is_compact || first >= space_.near()) [[unlikely]] return deallocate_anywhere(first, size);
    auto map = space_.map();
    if (!map.open_end(first, size)) [[unlikely]] return refuse_unless_null(first);
    space_.give_here(map, first, size);
  }

  /// Grows into the free block behind where that is large enough, and gives back what is cut off by shrinking.
  bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    const std::size_t before = Space::granules_of(asked.size());
    const std::size_t first = space_.number_of(at);
    const std::size_t after = Space::granules_of(size);
    if (Space::is_compact || first >= space_.near()) [[unlikely]] return resize_anywhere(first, before, after);
    auto map = space_.map();
    if (!map.open_end(first, before)) [[unlikely]] refuse(first);
    return space_.resize(map, first, before, after);
  }

  /// Forgets everything that was lent. The regions stay.
  void reset() noexcept { space_.reset(); }

  bool owns(const void* at) const noexcept { return space_.owns(at); }

  /// Stops where no block is lent at this address.
  std::size_t size_of(const std::byte* at) const noexcept {
    const std::size_t size = space_.size_of(at);
    if (size == 0) [[unlikely]] refuse(at);
    return size * granule;
  }

  void walk(ExtentSink sink) const noexcept { static_cast<void>(walk_step(nullptr, size_limit, sink)); }
  const std::byte* walk_step(const std::byte* from, std::size_t count, ExtentSink sink) const noexcept {
    return GranuleWalk(space_).step(from, count, sink);
  }

  [[nodiscard]] Fault check() const noexcept { return check_step(nullptr, size_limit).fault; }
  [[nodiscard]] CheckStep check_step(const std::byte* from, std::size_t count) const noexcept {
    return GranuleAudit(space_).step(from, count);
  }

 private:
  // For blocks wherever they lie. They are jumped to: where something is called, what is needed afterwards has to be
  // kept on the stack, which the longest calls of what is near would pay.
  [[gnu::noinline]] void deallocate_anywhere(std::size_t first, std::size_t size) noexcept {
    auto map = space_.map_of(first);
    if (!map.open_end(first, size)) [[unlikely]] return refuse_unless_null(first);
    space_.give(map, first, size);
  }

  [[gnu::noinline]] bool resize_anywhere(std::size_t first, std::size_t before, std::size_t after) noexcept {
    auto map = space_.map_of(first);
    if (!map.open_end(first, before)) [[unlikely]] refuse(first);
    return space_.resize(map, first, before, after);
  }

  [[gnu::noinline]] Block lend_anywhere(Place place, std::size_t size) noexcept {
    return block(space_.lend(space_.map_of(place.block.number()), place, size), size);
  }

  [[gnu::noinline]] Block allocate_aligned(std::size_t size, std::size_t alignment) noexcept {
    const Place place = space_.find_aligned(size, alignment);
    if (place.is_none()) return {};
    if constexpr (Space::is_compact) return block(space_.lend(space_.map_of(place.block.number()), place, size), size);
    if (place.block.number() >= space_.near()) [[unlikely]] return lend_anywhere(place, size);
    return block(space_.lend(space_.map(), place, size), size);
  }

  Block block(std::size_t first, std::size_t size) const noexcept {
    return {space_.address(first), size * granule};
  }

  [[gnu::cold, gnu::noinline]] void refuse_unless_null(std::size_t number) const noexcept {
    if (space_.address_of_any(number) != nullptr) refuse(number);
  }

  [[noreturn, gnu::cold, gnu::noinline]] void refuse(std::size_t number) const noexcept {
    refuse(space_.address_of_any(number));
  }

  [[noreturn, gnu::cold, gnu::noinline]] void refuse(const std::byte* at) const noexcept {
    panic({.fault = space_.reason(at), .address = at, .caller = caller_here()});
  }

  Space space_;
};

/// For regions up to 8 GiB.
using RealTimeHeap = BasicRealTimeHeap<std::uint32_t>;

/// For microcontrollers: granules of 8 bytes, up to 512 KiB.
using SmallRealTimeHeap = BasicRealTimeHeap<std::uint16_t>;

static_assert(SelfSizing<RealTimeHeap> && Growable<RealTimeHeap> && Stepwise<RealTimeHeap>);
extern template class BasicRealTimeHeap<std::uint32_t>;
extern template class BasicRealTimeHeap<std::uint16_t>;

}  // namespace bareheap
