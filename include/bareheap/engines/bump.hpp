// SPDX-License-Identifier: MIT
//
// Bump: hands out from the bottom to the top and never takes back, until the last live block returns.
//
//     start                    next                        end
//       | lent | lent | freed |  free . . . . . . . . . . . |
//                              `-> the next block is cut here
//
// BasicBump<Direction::downward> does the same from the top to the bottom.
//
// For:      boot code, arenas that are dropped as a whole, chapter two.
// Not for:  programs that free in another order than all at once: one long-lived block keeps everything (S2-18).
// Cost:     every call is constant: allocate an addition and two comparisons, deallocate a subtraction; so is a step.
// Overhead: the object is four words; a block costs its size and the padding to its alignment, rounded to nothing.
// Bad frees: an address or size outside what is lent, and any free while nothing is lent, are caught. A double free is
//           not noticed while other blocks live: Bump knows how many blocks are lent, not which.
// Invariants:
//   1. start <= next <= end.
//   2. If no block is live, next == start (downward: end); if one is, it is not.
#pragma once

#include "bareheap/core/allocator.hpp"

namespace bareheap {

/// Where the first block lies: at the start of the region, or at its end.
enum class Direction : std::uint8_t { upward, downward };

template <Direction Way>
class BasicBump {
 public:
  /// No memory yet: every request is refused until init().
  constexpr BasicBump() noexcept = default;

  /// Takes a region of any start and any size but 0; refuses a second one.
  Admission init(Region region) noexcept {
    if (start_ != nullptr) return {.fault = Fault::initialised_twice, .lost = region.size};
    const Admission admission = admit(region, 1, 1);
    if (admission) {
      start_ = admission.taken.start;
      end_ = admission.taken.end();
      next_ = origin();
    }
    return admission;
  }

  Block allocate(Layout asked) noexcept {
    const std::size_t size = granted(asked.size());
    std::byte* const at = start_ == nullptr ? nullptr : place_for(size, asked.alignment());
    if (at == nullptr) return {};
    next_ = Way == Direction::upward ? at + size : at;
    ++live_;
    return {at, size};
  }

  void deallocate(std::byte* at, Layout asked) noexcept {
    if (at == nullptr) return;
    if (!could_be_live(at, asked)) [[unlikely]] {
      panic({.fault = Fault::never_lent, .address = at, .caller = caller_here()});
    }
    if (--live_ == 0) next_ = origin();
  }

  /// Upward, the block lent last grows and shrinks at will; any other only shrinks, and gives nothing back by it.
  bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    if (!could_be_live(at, asked)) [[unlikely]] {
      panic({.fault = Fault::never_lent, .address = at, .caller = caller_here()});
    }
    const std::size_t wanted = granted(size);
    const bool is_last = Way == Direction::upward && at + granted(asked.size()) == next_;
    if (!is_last) return wanted <= granted(asked.size());
    if (wanted > address_of(end_) - address_of(at)) return false;
    next_ = at + wanted;
    return true;
  }

  bool owns(const void* at) const noexcept { return Region::between(start_, end_).contains(at); }

  /// At most two tiles: all that was lent since the heap was last empty, and the rest.
  void walk(ExtentSink sink) const noexcept { static_cast<void>(walk_step(nullptr, 2, sink)); }

  const std::byte* walk_step(const std::byte* from, std::size_t count, ExtentSink sink) const noexcept {
    constexpr bool up = Way == Direction::upward;
    TileStep step(from, count, sink);
    if (step.show(start_, distance(start_, next_), up ? ExtentKind::used : ExtentKind::free)) {
      static_cast<void>(step.show(next_, distance(next_, end_), up ? ExtentKind::free : ExtentKind::used));
    }
    return step.next();
  }

  [[nodiscard]] Fault check() const noexcept {
    const bool ordered = address_of(start_) <= address_of(next_) && address_of(next_) <= address_of(end_);
    if (!ordered) return Fault::invariant_1;
    if ((live_ == 0) != (next_ == origin())) return Fault::invariant_2;
    return Fault::none;
  }

  /// All of check().
  [[nodiscard]] CheckStep check_step(const std::byte*, std::size_t) const noexcept { return {check(), nullptr}; }

  /// Blocks lent and not freed.
  std::size_t live_blocks() const noexcept { return live_; }

 private:
  // A request for nothing gets a byte, so that its address is no other block's.
  static constexpr std::size_t granted(std::size_t size) noexcept { return size == 0 ? 1 : size; }

  static std::size_t distance(const std::byte* from, const std::byte* to) noexcept {
    return address_of(to) - address_of(from);
  }

  // Where next is while nothing is lent.
  std::byte* origin() const noexcept { return Way == Direction::upward ? start_ : end_; }

  // Where the next block would lie, or null where it does not fit.
  std::byte* place_for(std::size_t size, std::size_t alignment) const noexcept {
    if constexpr (Way == Direction::downward) {
      if (size > distance(start_, next_)) return nullptr;
      const std::size_t at = align_down(address_of(next_) - size, alignment);
      return at < address_of(start_) ? nullptr : start_ + (at - address_of(start_));
    }
    const CheckedSize at = CheckedSize(address_of(next_)).aligned_up(alignment);
    const CheckedSize end = at + size;
    const bool fits = end.fits() && end.value() <= address_of(end_);
    return fits ? next_ + (at.value() - address_of(next_)) : nullptr;
  }

  bool could_be_live(const std::byte* at, Layout asked) const noexcept {
    const std::byte* const first = Way == Direction::upward ? start_ : next_;
    const std::size_t lent = Way == Direction::upward ? distance(start_, next_) : distance(next_, end_);
    const std::size_t offset = distance(first, at);
    return live_ != 0 && offset < lent && granted(asked.size()) <= lent - offset &&
           is_aligned(address_of(at), asked.alignment());
  }

  std::byte* start_ = nullptr;
  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
  std::size_t live_ = 0;
};

/// The usual one: upward.
using Bump = BasicBump<Direction::upward>;

static_assert(Stepwise<Bump>);

}  // namespace bareheap
