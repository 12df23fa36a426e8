// SPDX-License-Identifier: MIT
//
// GranuleHeap: RealTimeHeap with a stock in front: a list of blocks for each size up to 8 KiB, but for none above 1/256
// of the memory, with 16-bit indexes 1/512. Taking from one and giving to one is a dozen instructions. Blocks in it are
// not merged.
//
//     stock   16 -> |c| -> |c|         map       l . . c f . . . f l . . c . f . f       c cached
//             32 -> |c  |              granules |lent |c|free     |lent |c  |free |
//             48
//
// An empty list of blocks up to 1 KiB is filled by carving several in a row out of one free block, twice as many each
// time, up to 32 or 4 KiB, so that objects that are made one after another are neighbours. A block above 1/8 of the
// memory is put at the upper end of what is free: a small block that is carved behind it would part the longest free
// piece when the large one goes. Among free blocks of one bin low ones are taken before high ones, roughly, so that
// what is lent stays together.
//
// The stock costs hardly any memory. There is plenty while half of it is free, and nothing is merged. Below that,
// blocks are carved one by one, and the stock is given back and merged, a few blocks with each call that it does not
// serve, and again each time that the free memory has shrunk by an eighth; below a third there is no stock until half
// is free again. A request that finds no room gives the stock back, a few blocks at a time, until it finds some; an
// aligned one all of it, as what is merged in part has more edges where none can be cut. Before it is refused it looks
// at every free block that may do, not only at the first of its bin: nothing is refused that has room in one piece.
//
// For:      nearly everything. The default.
// Not for:  where the longest call counts: RealTimeHeap. A request that finds no room takes a step for each list
//           and for each block in the stock, until it finds some, and then for each free block of its bin.
// Cost:     allocate and deallocate: 25 to 40 instructions where the stock serves small blocks at once; else as
//           RealTimeHeap, with up to 32 blocks carved or eight merged; see above. Others as RealTimeHeap.
// Overhead: as RealTimeHeap, but that the object has six words more, and the lists take up to five bytes for each 4 KiB
//           of the span, 2,120 bytes at most; with 16-bit indexes three bytes for each 4 KiB, 384 at most.
// Bad frees: as RealTimeHeap: a block in the stock is not lent.
// Invariants: 1 to 5 as RealTimeHeap; a cached block is like a lent one.
//   6. Every cached block is in the list of its size, once.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/parts/granule_audit.hpp"
#include "bareheap/parts/granule_map.hpp"
#include "bareheap/parts/granule_moves.hpp"
#include "bareheap/parts/granule_sizing.hpp"
#include "bareheap/parts/granule_space.hpp"
#include "bareheap/parts/granule_stock.hpp"
#include "bareheap/parts/granule_walk.hpp"
#include "bareheap/parts/segregated_bins.hpp"

#include <cstdint>

namespace bareheap {

/// `Index` counts granules: std::uint32_t for regions up to 64 GiB, std::uint16_t up to 512 KiB.
/// Blocks up to 1/Share of the memory, and of the span, are stocked. `Words`: who may look at the map while a call runs
/// (core/words.hpp); all calls but those of a View want to be alone.
template <class Index, std::size_t Share = sizeof(Index) == 2 ? 512 : 256, class Words = PlainWords>
class BasicGranuleHeap {
  using Map = GranuleMap<std::size_t, Words>;
  using Space = GranuleSpace<GranuleMoves<Map, SegregatedBins<Index, BinOrder::lowest_first>>>;
  using Stock = GranuleStock<Space, Index, Share>;

 public:
  /// Sizes and addresses of blocks are multiples of this: 16 bytes with 32-bit indexes, 8 with 16-bit ones.
  static constexpr std::size_t granule = Space::granule;

  /// The same with other words in the map.
  template <class OtherWords>
  using WithWords = BasicGranuleHeap<Index, Share, OtherWords>;

  using Number = Index;
  using View = typename Space::View;

  /// Bytes of a region, wherever it starts, in which no request of this load is ever refused. A load that cannot be, or
  /// that is too large for the index, does not compile.
  static consteval std::size_t bytes_needed(Load load) {
    load.last_first = false;  // of no use to a heap with a stock
    return GranuleSizing<Space>::bytes(load, Stock::bytes_for);
  }

  /// No memory yet: every request is refused until init().
  constexpr BasicGranuleHeap() noexcept = default;

  /// Takes a region. What is added later is a region of its own, and has a map of its own, wherever it lies.
  Admission init(Region region) noexcept { return init(region, region); }

  /// Takes a region that is the beginning of `span`, an address range in which memory is to be added: the region holds
  /// the map of all of it, so that what add() takes there merges with what it touches. Refuses a region that is not. No
  /// block will be larger than the span, or than `largest` bytes, so say that where larger regions are added elsewhere.
  Admission init(Region region, Region span, std::size_t largest = 0, Content content = Content::unknown) noexcept {
    const std::size_t granules = span.size / granule;
    const Admission admission = space_.init(region, span, largest, Stock::bytes_for(granules), content);
    if (!admission) return admission;
    stock_.init(space_.extra(), granules);
    stock_.plan(space_);
    return admission;
  }

  /// Takes a further region. Inside the span it costs nothing where it joins a region at that one's end, else its
  /// record of five words; elsewhere also its map, and it is cut into pieces that are no larger than a block may be.
  /// What begins inside the span and ends outside is taken up to its end. Refuses what lies below the first region or
  /// further up than an index can reach.
  Admission add(Region region) noexcept {
    const Admission admission = space_.add(region);
    if (admission) stock_.plan(space_);
    return admission;
  }

  [[gnu::always_inline]] Block allocate(Layout asked) noexcept {
    const std::size_t size = (asked.size() + (granule - 1)) / granule;  // of nothing, and of what overflows: 0
    if (stock_.takes(size) && asked.alignment() <= granule) [[likely]] {
      const std::size_t first = stock_.first(size);
      if (first != 0) [[likely]] {
        std::byte* const at = space_.address(first);
        stock_.pop(at, size);
        space_.map().cached_to_lent(first);
        return {at, size * granule};
      }
    }
    return allocate_anew(asked.size(), asked.alignment());
  }

  [[gnu::always_inline]] void deallocate(std::byte* at, Layout asked) noexcept {
    const std::size_t last = (asked.size() - 1) / granule;  // the last granule; of nothing, more than anything has
    const std::size_t first = space_.number_of(at);
    if (stock_.takes_quickly(last)) [[likely]] {
      const std::size_t size = last + 1;
      if (first < space_.count() && space_.map().try_lent_to_cached(first, static_cast<unsigned>(size))) [[likely]] {
        stock_.push(at, first, size);
        return;
      }
    }
    deallocate_anyhow(at, asked.size());
  }

  /// Grows into the free block behind where that is large enough, and gives back what is cut off by shrinking.
  [[gnu::noinline]] bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    const std::size_t before = Space::granules_of(asked.size());
    const std::size_t after = Space::granules_of(size);
    const std::size_t first = space_.number_of(at);
    if (first < space_.count() && space_.map().lends_any(first, before)) [[likely]] {
      if (after == before) return true;
      if (after > before && space_.map().starts(first + before)) return false;
    }
    return resize_hardly(at, before, after);
  }

  /// Gives all that the stock holds back, and merges it.
  void trim() noexcept {
    for (stock_.give_all(); stock_.is_giving();) stock_.give_some(space_);
  }

  /// Forgets everything that was lent. The regions stay.
  void reset() noexcept {
    if (space_.count() == 0) return;
    stock_.clear();
    space_.reset();
    stock_.plan(space_);
  }

  bool owns(const void* at) const noexcept { return space_.owns(at); }

  /// Stops where no block is lent at this address.
  std::size_t size_of(const std::byte* at) const noexcept {
    const std::size_t size = space_.size_of(at);
    if (size == 0) [[unlikely]] refuse(at);
    return size * granule;
  }

  /// What deallocate() would stop with; none: a block of this size is lent here.
  Fault fault_in(const std::byte* at, Layout asked) const noexcept {
    return space_.size_of(at) == Space::granules_of(asked.size()) ? Fault::none : space_.reason(at);
  }

  View view() const noexcept { return space_.view(); }
  std::size_t free_granules() const noexcept { return space_.free(); }
  std::size_t total_granules() const noexcept { return space_.total(); }

  void walk(ExtentSink sink) const noexcept { static_cast<void>(walk_step(nullptr, size_limit, sink)); }
  const std::byte* walk_step(const std::byte* from, std::size_t count, ExtentSink sink) const noexcept {
    return GranuleWalk(space_).step(from, count, sink);
  }

  [[nodiscard]] Fault check() const noexcept { return check_step(nullptr, size_limit).fault; }
  [[nodiscard]] CheckStep check_step(const std::byte* from, std::size_t count) const noexcept {
    const CheckStep step = GranuleAudit(space_).step(from, count);
    if (step.fault != Fault::none || step.next != nullptr) return step;
    return stock_.holds(space_, GranuleAudit(space_).cached_blocks()) ? step : CheckStep{Fault::invariant_6, nullptr};
  }

 protected:
  /// As GranuleSpace has it.
  template <class Sink>
  void each_free_from(std::size_t size, Sink sink) const noexcept { space_.each_free_from(size, sink); }

  /// Lends a block of `size` granules, past the stock; empty: none is found at once.
  [[gnu::always_inline]] Block take_one(std::size_t size) noexcept {
    const std::size_t first = space_.take(size);
    return first == 0 ? Block{} : Block{space_.address(first), size * granule};
  }

  /// Lends up to `count` blocks of `size` granules in a row, past the stock: how many; 0: none fits. For an engine
  /// whose blocks somebody else stocks. Outside of the span only one.
  std::size_t take_row(std::size_t size, std::size_t count, std::byte*& first) noexcept {
    std::size_t number = 0;
    const std::size_t found = space_.take_run(size, count, number);
    if (found == 0) return 0;
    for (std::size_t index = 1; index < found; ++index) space_.map().set_start(number + index * size);
    for (std::size_t index = 0; index < found; ++index) space_.keep(number + index * size, size);
    first = space_.address(number);
    return found;
  }

  /// Takes `count` blocks of `size` granules in a row back, all of the span, past the stock. Stops as deallocate().
  void give_row(std::byte* first, std::size_t size, std::size_t count) noexcept {
    const std::size_t number = space_.number_of(first);
    for (std::size_t index = 0; index < count; ++index) {
      if (!space_.judge(number + index * size, size)) [[unlikely]] refuse(first + index * size * granule);
    }
    space_.give_row(number, size, count);
  }

  /// Takes a block of `size` granules back, past the stock. False, and nothing has changed: none is lent here.
  bool try_give(std::byte* at, std::size_t size) noexcept {
    const std::size_t number = space_.number_of(at);
    if (!space_.judge(number, size)) [[unlikely]] return false;
    space_.give(number, size);
    return true;
  }

 private:
  [[gnu::noinline]] Block allocate_anew(std::size_t bytes, std::size_t alignment) noexcept {
    const std::size_t size = Space::granules_of(bytes);
    if (stock_.is_giving() || stock_.is_short(space_)) [[unlikely]] return allocate_merging(size, alignment);
    return allocate_stocked(size, alignment);
  }

  [[gnu::noinline]] Block allocate_merging(std::size_t size, std::size_t alignment) noexcept {
    if (stock_.is_giving()) stock_.give_some(space_);
    if (stock_.is_short(space_)) stock_.plan(space_);
    return allocate_stocked(size, alignment);
  }

  // The stock serves it where the first block of the list is aligned, by chance if that is more than a granule.
  [[gnu::always_inline]] Block allocate_stocked(std::size_t size, std::size_t alignment) noexcept {
    if (!stock_.takes(size)) return allocate_unstocked(size, alignment);
    const std::size_t first = stock_.first(size);
    std::byte* const at = space_.address(first);
    if (first == 0 || !is_aligned(address_of(at), alignment)) return allocate_unstocked(size, alignment);
    stock_.pop(at, size);
    space_.map().cached_to_lent(first);
    return {at, size * granule};
  }

  [[gnu::noinline]] Block allocate_unstocked(std::size_t size, std::size_t alignment) noexcept {
    const bool carves = size <= Stock::most_carved && stock_.takes(size) && alignment <= granule;
    std::size_t first = carves ? stock_.carve(space_, size) : 0;
    if (first == 0) first = take(size, alignment);
    if (first == 0 && (!stock_.is_closed() || stock_.is_giving())) {
      if (alignment > granule) {
        trim();
        first = take(size, alignment);
      } else {
        stock_.give_all();
        for (; first == 0 && stock_.is_giving(); first = take(size, alignment)) stock_.give_some(space_);
      }
      stock_.close();
    }
    if (first == 0) first = space_.take_any(size, alignment);
    return first == 0 ? Block{} : Block{space_.address(first), size * granule};
  }

  std::size_t take(std::size_t size, std::size_t alignment) noexcept {
    if (alignment <= granule && size > space_.total() / 8) return space_.take_last(size);
    return alignment <= granule ? space_.take(size) : space_.take_aligned(size, alignment);
  }

  [[gnu::noinline]] void deallocate_anyhow(std::byte* at, std::size_t bytes) noexcept {
    const std::size_t size = Space::granules_of(bytes);
    const std::size_t first = space_.number_of(at);
    const bool may_stock = stock_.takes(size) && !stock_.is_giving() && first < space_.count();  // blocks of the span
    if (may_stock && space_.map().lends_any(first, size)) [[likely]] return stock(at, first, size);
    deallocate_hardly(at, size);
  }

  [[gnu::noinline]] void deallocate_hardly(std::byte* at, std::size_t size) noexcept {
    const std::size_t first = space_.number_of(at);
    if (!space_.judge(first, size)) [[unlikely]] return refuse_unless_null(at);
    if (stock_.is_giving()) stock_.give_some(space_);
    if (stock_.takes(size) && first < space_.count()) {
      space_.keep(first, size);
      return stock(at, first, size);
    }
    space_.give(first, size);
    if (stock_.is_ample(space_)) stock_.plan(space_);
  }

  [[gnu::noinline]] bool resize_hardly(std::byte* at, std::size_t before, std::size_t after) noexcept {
    const std::size_t first = space_.number_of(at);
    if (!space_.judge(first, before)) [[unlikely]] refuse(at);
    return space_.resize(first, before, after);
  }

  // A block that is lent.
  [[gnu::always_inline]] void stock(std::byte* at, std::size_t first, std::size_t size) noexcept {
    if (!space_.map().try_lent_to_cached(first)) [[unlikely]] refuse(at);
    stock_.push(at, first, size);
  }

  [[gnu::cold, gnu::noinline]] void refuse_unless_null(const std::byte* at) const noexcept {
    if (at != nullptr) refuse(at);
  }

  [[noreturn, gnu::cold, gnu::noinline]] void refuse(const std::byte* at) const noexcept {
    panic({.fault = space_.reason(at), .address = at, .caller = caller_here()});
  }

  Space space_;
  Stock stock_;
};

/// For regions up to 64 GiB.
using GranuleHeap = BasicGranuleHeap<std::uint32_t>;

/// For microcontrollers: granules of 8 bytes, up to 512 KiB.
using SmallGranuleHeap = BasicGranuleHeap<std::uint16_t>;

static_assert(SelfSizing<GranuleHeap> && Growable<GranuleHeap> && Stocked<GranuleHeap> && Stepwise<GranuleHeap>);
extern template class BasicGranuleHeap<std::uint32_t>;
extern template class BasicGranuleHeap<std::uint16_t>;

}  // namespace bareheap
