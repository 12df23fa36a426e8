// SPDX-License-Identifier: MIT
// A GranuleHeap in an address range of which more and more is made memory, in the calls that want it. It knows what has
// never been lent, which is zero, and gives the pages of large free blocks back after a while. All of that is done
// by whoever has the lock of the heap around it; no call of the system that is made there waits for another thread.
//
//     | heads, map of the whole range | blocks . . . . . . . . . | never lent | reserved . . . . . . |
//                                                                fresh        end                    span's end
#pragma once

#include "bareheap/engines/granule_heap.hpp"

#include "drop_in/left_pages.hpp"

#include <cstddef>
#include <cstdint>

namespace bareheap::drop_in {

/// Of the large block that this thread was lent last: from where on it is zero, but for its last granule.
struct Zeros {
  const std::byte* block = nullptr;
  std::byte* from = nullptr;
};
inline constinit thread_local Zeros last_zeros{};

/// The heap has no stock of its own behind those of the threads: what they give back is merged at once. So it is lent
/// again neighbour by neighbour, where a list of what programs freed in any order would scatter what is made later.
inline constexpr std::size_t no_stock = size_limit;

template <class System, class Words = PlainWords>
class GrowingHeap : public BasicGranuleHeap<std::uint32_t, no_stock, Words> {
  using Base = BasicGranuleHeap<std::uint32_t, no_stock, Words>;

 public:
  using Base::granule;

  template <class OtherWords>
  using WithWords = GrowingHeap<System, OtherWords>;

  constexpr GrowingHeap() noexcept = default;

  /// Of a region that begins a span of so many bytes, what the heap itself takes at most, in whole pages.
  static constexpr std::size_t own_bytes(std::size_t span) noexcept {
    return align_down(span / (granule * 4) + 8 * System::page, System::page);
  }

  Admission init(Region region) noexcept { return init(region, region); }
  Admission init(Region region, Region span, std::size_t largest = 0, Content content = Content::unknown) noexcept {
    const Admission admission = Base::init(region, span, largest, content);
    if (!admission) return admission;
    end_ = address_of(region.end());
    span_end_ = address_of(span.end());
    const Block first = Base::allocate({granule, granule});  // a walk would look at the map of all that is free
    fresh_ = address_of(first.at) + 2 * granule;
    Base::deallocate(first.at, {granule, granule});
    left_.set_patience(growing_state<System>.patience);
    plan();
    return admission;
  }

  Block allocate(Layout asked) noexcept {
    if (Base::free_granules() < floor_) [[unlikely]] grow(0);
    Block block = take(asked);
    if (!block) [[unlikely]] {
      if (!grow(room_for(asked))) return block;
      block = Base::allocate(asked);
    }
    const bool is_large = asked.size() > large;
    if (is_large) [[unlikely]] last_zeros = {block.at, reinterpret_cast<std::byte*>(fresh_)};
    note(address_of(block.at), block.size);
    if (is_large) [[unlikely]] left_.look();
    return block;
  }

  /// Up to `count` blocks of `size` granules, in a row: how many; 0: only allocate() may have one.
  std::size_t allocate_row(std::size_t size, std::size_t count, std::byte*& first) noexcept {
    if (Base::free_granules() < floor_) [[unlikely]] grow(0);
    const std::size_t found = Base::take_row(size, count, first);
    if (found != 0) note(address_of(first), found * size * granule);
    return found;
  }

  /// Takes them back, and others that lie in a row.
  void deallocate_row(std::byte* first, std::size_t size, std::size_t count) noexcept {
    Base::give_row(first, size, count);
  }

  void deallocate(std::byte* at, Layout asked) noexcept {
    if (!try_deallocate(at, asked)) [[unlikely]] Base::deallocate(at, asked);  // which stops
  }

  /// False, and nothing has changed: no such block is lent here.
  bool try_deallocate(std::byte* at, Layout asked) noexcept {
    if (!Base::try_give(at, granules_of(asked.size()))) [[unlikely]] return false;
    if (asked.size() > large) [[unlikely]] leave(address_of(at), rounded(asked.size()));
    return true;
  }

  bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    if (!Base::resize(at, asked, size)) return false;
    const std::size_t before = rounded(asked.size());
    const std::size_t after = rounded(size);
    if (after > before) {
      note(address_of(at), after);
    } else if (before - after > large) {
      leave(address_of(at) + after, before - after);
    }
    return true;
  }

  /// Of which stocks are a share, and which is scarce where little of it is free: with what may be added soon. No more
  /// than 256 MiB: larger stocks would hold memory that others could use.
  std::size_t total_granules() const noexcept {
    const std::size_t total = Base::total_granules() + more_;
    return total < most_shared ? total : most_shared;
  }
  std::size_t free_granules() const noexcept { return Base::free_granules() + more_; }

  /// Merges all that is free, and gives the whole pages of larger free blocks back. A step for each of those.
  void trim() noexcept {
    Base::trim();
    left_.forget();
    Base::each_free_from(4 * System::page / granule, [this](Region free) {
      const std::size_t first = align_down(address_of(free.start) + granule + System::page - 1, System::page);
      const std::size_t end = align_down(address_of(free.end()) - granule, System::page);
      if (first < end && first < fresh_) left_.give_back(first, end);
    });
  }

 private:
  static constexpr std::size_t large = System::page;  // blocks above it may have whole pages
  static constexpr std::size_t most_usual = 16 * System::page;
  static constexpr std::size_t step = std::size_t{1} << 20;
  static constexpr std::size_t most_shared = (std::size_t{256} << 20) / granule;

  static constexpr std::size_t rounded(std::size_t size) noexcept { return align_down(size + granule - 1, granule); }

  static constexpr std::size_t granules_of(std::size_t size) noexcept { return (size - (size != 0)) / granule + 1; }

  // What asks for nothing special goes past the stock, of which there is none.
  [[gnu::always_inline]] Block take(Layout asked) noexcept {
    if (asked.size() <= most_usual && asked.alignment() <= granule) [[likely]] {
      if (const Block block = Base::take_one(granules_of(asked.size()))) [[likely]] return block;
    }
    return Base::allocate(asked);
  }

  static std::size_t room_for(Layout asked) noexcept {
    return (CheckedSize(asked.size()) + asked.alignment() + 4 * granule).value();
  }

  // So many bytes were lent here; behind them stands the head of a free block.
  [[gnu::always_inline]] void note(std::size_t at, std::size_t size) noexcept {
    const std::size_t end = at + size + granule;
    if (end > fresh_) fresh_ = end < end_ ? end : end_;
    left_.take(at - granule, end);
    const std::size_t used = Base::total_granules() - Base::free_granules();
    if (used * granule > growing_state<System>.peak) growing_state<System>.peak = used * granule;
  }

  // The ends of a free block have words of the heap.
  void leave(std::size_t at, std::size_t size) noexcept {
    left_.look();
    left_.add(at + granule, at + size - granule);
  }

  // There is more where a quarter of what there is, or what is needed, is not free. False: not so much.
  [[gnu::noinline]] bool grow(std::size_t needed) noexcept {
    const std::size_t total = Base::total_granules() * granule;
    if (needed > size_limit / 2) return false;
    std::size_t wanted = needed < total ? total : needed;
    wanted = align_down(wanted + step - 1, step);
    if (wanted > span_end_ - end_) wanted = span_end_ - end_;
    while (wanted >= needed && wanted >= System::page) {
      if (System::commit(reinterpret_cast<std::byte*>(end_), wanted)) return open(wanted);
      wanted = align_down(wanted / 2, System::page);
    }
    floor_ = more_ = 0;
    return false;
  }

  bool open(std::size_t size) noexcept {
    std::byte* const behind = reinterpret_cast<std::byte*>(end_);
    if (!Base::add({behind, size})) return false;
    // What was the last word of a free block is inside one now, or in front of one there is a new head.
    if (fresh_ + granule <= end_) {
      __builtin_memset(behind - granule, 0, granule);
    } else {
      fresh_ = end_ + granule;
    }
    end_ += size;
    plan();
    return true;
  }

  void plan() noexcept {
    floor_ = end_ == span_end_ ? 0 : Base::total_granules() / 4;
    const std::size_t left = (span_end_ - end_) / granule;
    more_ = left < most_shared ? left : most_shared;
  }

  std::size_t end_ = 0;
  std::size_t span_end_ = 0;
  std::size_t fresh_ = 0;  // from here on it is zero, but for the last granule
  std::size_t floor_ = 0;  // of free granules; below it there is more
  std::size_t more_ = 0;   // granules that may be added, as far as they count
  LeftPages<System> left_;
};

}  // namespace bareheap::drop_in
