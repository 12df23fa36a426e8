// SPDX-License-Identifier: MIT
// The heap of a Linux program with threads: stocks for each thread, over a heap that grows in a reserved address range,
// beside blocks that are mappings of their own.
//
//     CpuCached<GrowingHeap>     span: 64 GiB of addresses, less where the system grants less
//     OwnBlocks                  anywhere else
//
// It needs no init() by a constructor: until start() nothing is there, and small requests are refused.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/wrappers/cpu_cached.hpp"

#include "drop_in/growing_heap.hpp"
#include "drop_in/own_blocks.hpp"
#include "drop_in/settings.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>

namespace bareheap::drop_in {

/// What a program's heap can tell of itself. Bytes, where nothing else is said.
struct Counters {
  std::size_t span = 0;          ///< addresses reserved
  std::size_t peak = 0;          ///< lent or in stocks, when they were most; own blocks not counted
  std::size_t live_blocks = 0;
  std::size_t live_bytes = 0;
  std::size_t times_locked = 0;
  std::size_t own_blocks = 0;    ///< mappings that were made
  std::size_t own_peak = 0;      ///< of own blocks, when they were most
  std::size_t given_back = 0;    ///< pages
  std::size_t nested = 0;        ///< requests of handlers that had interrupted their own thread in the heap
};

template <class System, class Machine>
class ProcessHeap {
  using Growing = GrowingHeap<System>;
  using Cached = CpuCached<Growing, Machine>;

 public:
  static constexpr std::size_t granule = Growing::granule;

  constexpr ProcessHeap() noexcept = default;

  /// Reserves the span. False: the system grants nothing; then every block is one of its own, where settings allow
  /// that.
  bool start(const Settings& settings) noexcept {
    is_fixed_ = settings.region != 0;
    own_from_ = is_fixed_ ? size_limit : settings.own_from;
    growing_state<System>.patience = settings.give_back;
    if (is_fixed_) return open(settings.region, settings.region);
    if (open(most_span, most_span)) return true;
    // Of what the system grants at most, half is left to the program's files and stacks.
    for (std::size_t size = most_span / 2; size > least_span; size /= 2) {
      if (open(size, size / 2)) return true;
    }
    return false;
  }

  [[gnu::always_inline]] Block allocate(Layout asked) noexcept {
    if (const Block block = heap_.try_allocate(asked)) [[likely]] return block;
    return allocate_anew(asked);
  }

  /// As allocate(); the bytes asked for are zero.
  [[gnu::always_inline]] Block allocate_zeroed(Layout asked) noexcept {
    const Block block = heap_.try_allocate(asked);
    if (!block) [[unlikely]] return allocate_zeroed_anew(asked);
    __builtin_memset(block.at, 0, asked.size());
    return block;
  }

  [[gnu::always_inline]] void deallocate(std::byte* at, Layout asked) noexcept {
    if (heap_.try_deallocate(at, asked)) [[likely]] return;
    deallocate_anew(at, asked, caller_here());
  }

  [[gnu::always_inline]] void release(std::byte* at) noexcept {
    if (heap_.try_release(at)) [[likely]] return;
    release_anew(at, caller_here());
  }

  bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    if (is_in_span(at)) return heap_.resize(at, asked, size);
    return check_elsewhere(at, asked.size(), caller_here()) == OwnBlocks<System>::rounded(size);
  }

  [[gnu::always_inline]] Block reallocate(std::byte* at, Layout asked, std::size_t size) noexcept {
    // What is small, or becomes it, is moved: that is a few bytes, and leaves no rest of an odd size.
    if (is_in_span(at) && is_small(asked.size(), size)) [[likely]] {
      if (const Block moved = move(at, asked, resized(size), caller_here())) [[likely]] return moved;
    }
    return reallocate_anew(at, asked, size, caller_here());
  }

  [[gnu::always_inline]] std::size_t size_of(const std::byte* at) const noexcept {
    return is_in_span(at) ? heap_.size_of(at, caller_here()) : size_elsewhere(at, caller_here());
  }

  bool owns(const void* at) const noexcept {
    return is_in_span(at) ? heap_.owns(at) : own_.size_of(static_cast<const std::byte*>(at)) != 0;
  }

  /// Of the span.
  void walk(ExtentSink sink) const noexcept { heap_.walk(sink); }
  [[nodiscard]] Fault check() const noexcept { return heap_.check(); }

  /// Merges, and gives pages back. False: there were none, or a handler asks that has interrupted its own thread in
  /// here.
  bool trim() noexcept {
    if (heap_.is_nested()) return false;
    const std::size_t before = growing_state<System>.given_back;
    heap_.trim();
    return growing_state<System>.given_back != before;
  }

  /// Those of the span are left out where a handler asks that has interrupted its own thread in here.
  Counters counters() const noexcept {
    Counters counters;
    if (!heap_.is_nested()) {
      counters.times_locked = heap_.times_locked();
      heap_.walk([&](const Extent& extent) {
        if (extent.kind != ExtentKind::used) return;
        ++counters.live_blocks;
        counters.live_bytes += extent.size;
      });
    }
    counters.live_bytes += own_.bytes();
    own_.for_each([&](const std::byte*, std::size_t) { ++counters.live_blocks; });
    counters.span = size_;
    counters.peak = growing_state<System>.peak;
    counters.given_back = growing_state<System>.given_back;
    counters.own_blocks = own_.made();
    counters.own_peak = own_.peak();
    counters.nested = nested_.load(std::memory_order_relaxed);
    return counters;
  }

  /// As CpuCached has them. Blocks of their own need nothing.
  void before_fork() noexcept { heap_.before_fork(); }
  void after_fork_in_parent() noexcept { heap_.after_fork_in_parent(); }
  void after_fork_in_child() noexcept { heap_.after_fork_in_child(); }

 private:
  static constexpr std::size_t most_span = std::size_t{64} << 30;
  static constexpr std::size_t most_small = 1008;  // bytes of a block that is rather moved than resized
  static constexpr std::size_t least_span = std::size_t{1} << 20;
  static constexpr std::size_t first_size = std::size_t{64} << 20;

  // Where `tried` bytes of addresses are granted, the first `size` of them become the span.
  bool open(std::size_t tried, std::size_t size) noexcept {
    tried = align_down(tried, System::page);
    size = align_down(size, System::page);
    std::byte* const at = System::reserve(tried);
    if (at == nullptr) return false;
    if (size != tried) System::unmap(at + size, tried - size);
    const std::size_t own = Growing::own_bytes(size);
    const std::size_t first = own + (is_fixed_ || size - own < first_size ? size - own : first_size);
    if (!System::commit(at, first) || !heap_.init({at, first}, {at, size}, 0, Content::zero)) {
      System::unmap(at, size);
      return false;
    }
    base_ = address_of(at);
    size_ = size;
    return true;
  }

  [[gnu::always_inline]] bool is_in_span(const void* at) const noexcept { return address_of(at) - base_ < size_; }

  // ---- What the magazines at hand do not serve.

  static constexpr bool is_large(std::size_t size) noexcept {
    return size - (most_small + 1) < Cached::most_stocked - most_small;
  }

  [[gnu::noinline]] Block allocate_anew(Layout asked) noexcept {
    if (const Block block = heap_.try_allocate_large(asked)) [[likely]] return block;
    return allocate_hardly(asked);
  }

  [[gnu::noinline]] Block allocate_hardly(Layout asked) noexcept {
    if (asked.size() < own_from_ || own_from_ == 0) {
      const bool has_stock = asked.size() <= most_small;
      if (const Block block = has_stock ? heap_.allocate_anew(asked) : heap_.allocate_unstocked(asked)) return block;
    }
    return allocate_elsewhere(asked);
  }

  [[gnu::noinline]] Block allocate_zeroed_anew(Layout asked) noexcept {
    last_zeros = {};
    const Block block = allocate(asked);
    if (!block || !is_in_span(block.at)) return block;
    std::byte* const end = block.at + asked.size();
    const bool is_known = last_zeros.block == block.at && last_zeros.from < end;
    if (!is_known) {
      __builtin_memset(block.at, 0, asked.size());
      return block;
    }
    // The ends of what was free had words of the heap.
    std::byte* const zeros = last_zeros.from > block.at + granule ? last_zeros.from : block.at + granule;
    __builtin_memset(block.at, 0, static_cast<std::size_t>((zeros < end ? zeros : end) - block.at));
    __builtin_memset(block.at + block.size - granule, 0, granule);
    return block;
  }

  [[gnu::noinline]] void deallocate_anew(std::byte* at, Layout asked, const void* caller) noexcept {
    if (is_large(asked.size()) && heap_.try_release_large(at, asked.size())) [[likely]] return;
    deallocate_hardly(at, asked, caller);
  }

  [[gnu::noinline]] void deallocate_hardly(std::byte* at, Layout asked, const void* caller) noexcept {
    if (is_in_span(at)) {
      std::size_t size = asked.size();
      if (resized(size) != size && heap_.size_of(at, caller) == resized(size)) size = resized(size);
      return heap_.deallocate_anew(at, size, caller);
    }
    deallocate_elsewhere(at, asked.size(), caller);
  }

  [[gnu::noinline]] void release_anew(std::byte* at, const void* caller) noexcept {
    if (heap_.try_release_large(at)) [[likely]] return;
    release_hardly(at, caller);
  }

  [[gnu::noinline]] void release_hardly(std::byte* at, const void* caller) noexcept {
    if (is_in_span(at)) return heap_.release_anew(at, caller);
    release_elsewhere(at, caller);
  }

  // ---- Blocks of their own.

  [[gnu::noinline]] Block allocate_elsewhere(Layout asked) noexcept {
    const bool is_nested = heap_.is_nested();
    if (is_fixed_ && !is_nested) return {};
    if (is_nested) nested_.fetch_add(1, std::memory_order_relaxed);
    return own_.allocate(asked);
  }

  [[gnu::noinline]] void deallocate_elsewhere(std::byte* at, std::size_t size, const void* caller) noexcept {
    if (at == nullptr) return;
    check_elsewhere(at, size, caller);
    release_elsewhere(at, caller);
  }

  [[gnu::noinline]] void release_elsewhere(std::byte* at, const void* caller) noexcept {
    if (!own_.deallocate(at)) [[unlikely]] refuse(Fault::never_lent, at, caller);
  }

  [[gnu::noinline]] std::size_t size_elsewhere(const std::byte* at, const void* caller) const noexcept {
    const std::size_t size = own_.size_of(at);
    if (size == 0) [[unlikely]] refuse(Fault::never_lent, at, caller);
    return size;
  }

  // Its size, which the one that the caller has must round up to.
  std::size_t check_elsewhere(const std::byte* at, std::size_t size, const void* caller) const noexcept {
    const std::size_t lent = size_elsewhere(at, caller);
    if (OwnBlocks<System>::rounded(size) != lent) [[unlikely]] refuse(Fault::wrong_layout, at, caller);
    return lent;
  }

  [[noreturn, gnu::cold, gnu::noinline]] static void refuse(Fault fault, const std::byte* at,
                                                            const void* caller) noexcept {
    panic({.fault = fault, .address = at, .caller = caller});
  }

  // ---- Another size.

  static bool is_small(std::size_t before, std::size_t after) noexcept {
    return before <= most_small || after <= most_small;
  }

  // What is resized once is resized again: where it may be in a stock it gets one of four sizes in each doubling, so
  // that few different ones are freed.
  static constexpr std::size_t resized(std::size_t size) noexcept {
    if (!is_large(size)) return size;
    const std::size_t step = std::bit_floor(size - 1) / 4;
    return align_down(size + step - 1, step);
  }

  // Where stocks serve one of the sizes, there was no room to move it.
  [[gnu::noinline]] Block reallocate_anew(std::byte* at, Layout asked, std::size_t size, const void* caller) noexcept {
    if (is_in_span(at)) {
      size = resized(size);
      if (size == asked.size() || heap_.resize(at, asked, size)) return {at, size};
      if (is_small(asked.size(), size)) return {};
    } else if (size >= own_from_ / 2) {
      check_elsewhere(at, asked.size(), caller);
      if (const Block moved = own_.reallocate(at, size)) return moved;
      if (size > asked.size()) return {};
    }
    return move(at, asked, size, caller);
  }

  [[gnu::always_inline]] Block move(std::byte* at, Layout asked, std::size_t size, const void* caller) noexcept {
    const Block block = allocate(asked.with_size(size));
    if (!block) return {};
    __builtin_memcpy(block.at, at, asked.size() < size ? asked.size() : size);
    if (!heap_.try_deallocate(at, asked)) [[unlikely]] deallocate_anew(at, asked, caller);
    return block;
  }

  std::uintptr_t base_ = 0;
  std::size_t size_ = 0;
  std::size_t own_from_ = 0;  // 0: not started yet, which the heap does when it is asked
  bool is_fixed_ = false;
  Cached heap_;
  OwnBlocks<System> own_;
  std::atomic<std::size_t> nested_{0};
};

}  // namespace bareheap::drop_in
