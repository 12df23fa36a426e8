// SPDX-License-Identifier: MIT
// Pages of large free blocks, which are given back to the system if nobody has wanted them for a while. It keeps
// addresses and times, and is told of what is lent again; it reads no memory of theirs.
#pragma once

#include "bareheap/core/bits.hpp"

#include <cstddef>
#include <cstdint>

namespace bareheap::drop_in {

/// What the heap is told and tells past the CpuCached around it, of which a program has one. All but the first under
/// its lock.
struct GrowingState {
  std::uint64_t patience = ~std::uint64_t{0};  ///< milliseconds, as LeftPages has them
  std::size_t peak = 0;                        ///< most bytes that were lent, or in stocks
  std::size_t given_back = 0;                  ///< bytes, in all
};
template <class System>
inline constinit GrowingState growing_state{};

template <class System, std::size_t Most = 32>
class LeftPages {
 public:
  /// Milliseconds from the time that a page is left until it is given back; `never`: it never is.
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  void set_patience(std::uint64_t milliseconds) noexcept { patience_ = milliseconds; }

  bool is_empty() const noexcept { return count_ == 0; }

  /// [first, end) was freed. Whole pages inside count.
  void add(std::size_t first, std::size_t end) noexcept {
    if (patience_ == never) return;
    first = align_down(first + System::page - 1, System::page);
    end = align_down(end, System::page);
    if (first >= end || end - first < least) return;
    if (patience_ == 0) return give_back(first, end);
    if (count_ == Most) remove_oldest();
    if (count_ == 0 || first < low_) low_ = first;
    if (count_ == 0 || end > high_) high_ = end;
    ranges_[count_++] = {first, end, System::milliseconds()};
  }

  /// [first, end) is lent or written to.
  [[gnu::always_inline]] void take(std::size_t first, std::size_t end) noexcept {
    if (first < high_ && end > low_) [[unlikely]] cut(first, end);
  }

  /// Gives back what was left long enough.
  void look() noexcept {
    if (count_ == 0) return;
    const std::uint64_t now = System::milliseconds();
    while (count_ != 0 && now - ranges_[0].since >= patience_) remove_oldest();
  }

  void forget() noexcept { count_ = low_ = high_ = 0; }

  void give_back(std::size_t first, std::size_t end) noexcept {
    if (!System::give_back(reinterpret_cast<std::byte*>(first), end - first)) return;
    growing_state<System>.given_back += end - first;
  }

 private:
  static constexpr std::size_t least = 16 * System::page;

  struct Range {
    std::size_t first;
    std::size_t end;
    std::uint64_t since;
  };

  void remove_oldest() noexcept {
    give_back(ranges_[0].first, ranges_[0].end);
    remove(0);
  }

  // The others stay in their order, which is that of time.
  void remove(std::size_t index) noexcept {
    --count_;
    for (; index != count_; ++index) ranges_[index] = ranges_[index + 1];
    if (count_ == 0) low_ = high_ = 0;
  }

  // Of what is cut in the middle the larger part stays.
  [[gnu::noinline]] void cut(std::size_t first, std::size_t end) noexcept {
    first = align_down(first, System::page);
    end = align_down(end + System::page - 1, System::page);
    for (std::size_t index = count_; index-- != 0;) {
      Range& range = ranges_[index];
      if (first >= range.end || end <= range.first) continue;
      const std::size_t below = first > range.first ? first - range.first : 0;
      const std::size_t above = end < range.end ? range.end - end : 0;
      if (below >= above) {
        range.end = range.first + below;
      } else {
        range.first = range.end - above;
      }
      if (range.end - range.first < least) remove(index);
    }
  }

  std::uint64_t patience_ = 0;
  std::size_t count_ = 0;
  std::size_t low_ = 0;
  std::size_t high_ = 0;
  Range ranges_[Most] = {};
};

}  // namespace bareheap::drop_in
