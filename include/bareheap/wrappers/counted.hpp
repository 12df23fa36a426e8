// SPDX-License-Identifier: MIT
//
// Counted: how much is lent, how much was at most, how often it was asked, and what was refused last.
//
//     program --allocate--> | counters | --> | heap |
//                              +1, +size
//
// For:      telling why there is no room (S3-13), finding leaks, sizing a region by its peak.
// Not for:  several CPUs by itself: Locked goes around it, Locked<Counted<Heap>>.
// Cost:     a few additions a call. largest_free and fragmentation cost a walk.
// Overhead: the object is 16 words; a block costs nothing.
// Exactness: a block may be freed with any size up to the granted one. Where the heap inside tells a live block's
//           layout (layout_of: Headered, Checked), `live_asked` is exact; elsewhere the size that is handed back
//           counts, and it is exact where programs free with what they asked for. `live_granted` needs a heap that is
//           SelfSizing, else it stays 0, since only such a heap knows what a block was granted when it comes back; the
//           used bytes of the walk tell then. Both start again from 0 when no block lives.
// Invariants:
//   1. live_blocks == allocations - refusals - deallocations. (Fault::invariant_1)
//   2. No figure is above its peak, and where no block lives no byte does. (Fault::invariant_2)
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/core/statistics.hpp"

#include <cstdint>
#include <utility>

namespace bareheap {

/// Calls are counted by calls of the program, also those that were refused; a null pointer freed is none. Sizes are
/// bytes.
struct Counters {
  std::size_t live_blocks = 0;
  std::size_t live_asked = 0;    ///< by the layouts of the live blocks
  std::size_t live_granted = 0;  ///< by the sizes they have; 0 where the heap inside is not SelfSizing
  std::size_t peak_blocks = 0;
  std::size_t peak_asked = 0;
  std::size_t peak_granted = 0;
  std::uint64_t allocations = 0;
  std::uint64_t deallocations = 0;
  std::uint64_t resizes = 0;
  std::uint64_t refusals = 0;         ///< of allocations
  std::uint64_t resize_refusals = 0;  ///< answers false
  std::uint64_t total_asked = 0;      ///< over all granted allocations, modulo 2^64
  std::uint64_t total_granted = 0;    ///< the same: what rounding costs, also where live_granted is not known
  Layout last_refused{0, 1};          ///< of the last refused allocation; 0 bytes where there was none
};

template <Allocator Heap>
class Counted {
 public:
  constexpr Counted() noexcept = default;

  /// The heap inside is made of the arguments.
  template <class... Arguments>
    requires(sizeof...(Arguments) != 0 && std::constructible_from<Heap, Arguments...>)
  constexpr explicit Counted(Arguments&&... arguments) noexcept : heap_(std::forward<Arguments>(arguments)...) {}

  Admission init(Region region) noexcept
    requires requires(Heap& inner) { inner.init(region); }
  {
    return heap_.init(region);
  }

  Admission add(Region region) noexcept
    requires Growable<Heap>
  {
    return heap_.add(region);
  }

  [[gnu::always_inline]] Block allocate(Layout asked) noexcept {
    const Block block = heap_.allocate(asked);
    count(block, asked);
    return block;
  }

  /// The same for one who asks on behalf of `caller`, where the heap inside remembers it.
  Block allocate(Layout asked, const void* caller) noexcept
    requires requires(Heap& inner) { inner.allocate(asked, caller); }
  {
    const Block block = heap_.allocate(asked, caller);
    count(block, asked);
    return block;
  }

  [[gnu::always_inline]] void deallocate(std::byte* at, Layout asked) noexcept {
    if (at == nullptr) return;
    const Sizes sizes = sizes_of(at, asked);
    heap_.deallocate(at, asked);
    count_return(sizes);
  }

  [[gnu::always_inline]] bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    const Sizes before = sizes_of(at, asked);
    const bool resized = heap_.resize(at, asked, size);
    count_resize(resized, before, resized ? sizes_of(at, asked.with_size(size)) : before);
    return resized;
  }

  void trim() noexcept
    requires Stocked<Heap>
  {
    heap_.trim();
  }

  bool owns(const void* at) const noexcept { return heap_.owns(static_cast<const std::byte*>(at)); }

  std::size_t size_of(const std::byte* at) const noexcept
    requires SelfSizing<Heap>
  {
    return heap_.size_of(at);
  }

  Layout layout_of(const std::byte* at) const noexcept
    requires requires(const Heap& inner) { inner.layout_of(at); }
  {
    return heap_.layout_of(at);
  }

  void walk(ExtentSink sink) const noexcept { heap_.walk(sink); }

  [[nodiscard]] Fault check() const noexcept {
    const Fault fault = heap_.check();
    return fault != Fault::none ? fault : judge_counters();
  }

  const std::byte* walk_step(const std::byte* from, std::size_t count, ExtentSink sink) const noexcept
    requires Stepwise<Heap>
  {
    return heap_.walk_step(from, count, sink);
  }

  /// Each step tests the figures too.
  [[nodiscard]] CheckStep check_step(const std::byte* from, std::size_t count) const noexcept
    requires Stepwise<Heap>
  {
    const CheckStep step = heap_.check_step(from, count);
    const Fault fault = step.fault != Fault::none ? step.fault : judge_counters();
    return {fault, fault != Fault::none ? nullptr : step.next};
  }

  const Counters& counters() const noexcept { return counters_; }

  /// The largest stretch of free bytes: why a request for more than it was refused. One walk.
  std::size_t largest_free() const noexcept { return statistics_of(heap_).largest_free; }

  /// 1 - largest_free / free, in permille: 0 is one hole, 999 is dust. 0 where nothing is free. One walk.
  unsigned fragmentation() const noexcept {
    const Statistics figures = statistics_of(heap_);
    if (figures.free_bytes == 0) return 0;
    const std::size_t elsewhere = figures.free_bytes - figures.largest_free;
    const CheckedSize scaled = CheckedSize(elsewhere) * 1000;
    const std::size_t permille =
        scaled.fits() ? scaled.value() / figures.free_bytes : elsewhere / (figures.free_bytes / 1000);
    return static_cast<unsigned>(permille);
  }

  /// The heap inside, to look at: what only it has to tell.
  const Heap& inner() const noexcept { return heap_; }

 private:
  struct Sizes {
    std::size_t asked;
    std::size_t granted;
  };

  Fault judge_counters() const noexcept {
    const Counters& now = counters_;
    if (now.live_blocks != now.allocations - now.refusals - now.deallocations) return Fault::invariant_1;
    const bool below_peaks = now.live_blocks <= now.peak_blocks && now.live_asked <= now.peak_asked &&
                             now.live_granted <= now.peak_granted;
    const bool empty_is_empty = now.live_blocks != 0 || (now.live_asked == 0 && now.live_granted == 0);
    return below_peaks && empty_is_empty ? Fault::none : Fault::invariant_2;
  }

  // What of a live block counts as asked and as granted, so far as it can be known.
  Sizes sizes_of(const std::byte* at, Layout asked) const noexcept {
    Sizes sizes{asked.size(), 0};
    if constexpr (requires { heap_.layout_of(at); }) sizes.asked = heap_.layout_of(at).size();
    if constexpr (SelfSizing<Heap>) sizes.granted = heap_.size_of(at);
    return sizes;
  }

  static void drop(std::size_t& figure, std::size_t size) noexcept { figure = figure < size ? 0 : figure - size; }

  static void raise(std::size_t& peak, std::size_t figure) noexcept {
    if (peak < figure) peak = figure;
  }

  void count(Block block, Layout asked) noexcept {
    ++counters_.allocations;
    if (!block) {
      ++counters_.refusals;
      counters_.last_refused = asked;
      return;
    }
    ++counters_.live_blocks;
    counters_.total_asked += asked.size();
    counters_.total_granted += block.size;
    raise(counters_.peak_blocks, counters_.live_blocks);
    add_live(sizes_of(block.at, asked));
  }

  void count_return(Sizes sizes) noexcept {
    ++counters_.deallocations;
    --counters_.live_blocks;
    drop(counters_.live_asked, counters_.live_blocks == 0 ? size_limit : sizes.asked);
    drop(counters_.live_granted, counters_.live_blocks == 0 ? size_limit : sizes.granted);
  }

  void count_resize(bool resized, Sizes before, Sizes after) noexcept {
    ++counters_.resizes;
    if (!resized) ++counters_.resize_refusals;
    drop(counters_.live_asked, before.asked);
    drop(counters_.live_granted, before.granted);
    add_live(after);
  }

  void add_live(Sizes sizes) noexcept {
    counters_.live_asked += sizes.asked;
    counters_.live_granted += sizes.granted;
    raise(counters_.peak_asked, counters_.live_asked);
    raise(counters_.peak_granted, counters_.live_granted);
  }

  Heap heap_;
  Counters counters_;
};

}  // namespace bareheap
