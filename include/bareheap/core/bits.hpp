// SPDX-License-Identifier: MIT
// Bit arithmetic that cannot overflow unnoticed. Sizes and alignments are bytes. Everything here is a few instructions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace bareheap {

inline constexpr std::size_t size_limit = std::numeric_limits<std::size_t>::max();

/// Written out because std::has_single_bit becomes a library call where the processor cannot count bits.
constexpr bool is_power_of_two(std::size_t value) noexcept { return value != 0 && (value & (value - 1)) == 0; }

/// The largest multiple of `alignment` (a power of two) that is not above `value`.
constexpr std::size_t align_down(std::size_t value, std::size_t alignment) noexcept { return value & ~(alignment - 1); }

constexpr bool is_aligned(std::size_t value, std::size_t alignment) noexcept { return (value & (alignment - 1)) == 0; }

/// The same number, of which the compiler does not know how it was computed: so what is computed from it starts here,
/// and not anew from what it was made of.
constexpr std::size_t opaque(std::size_t number) noexcept {
  if !consteval { asm("" : "+r"(number)); }
  return number;
}

/// A size that remembers whether the arithmetic that made it left the range of std::size_t. Once it has, it stays so:
/// a whole formula is written down first and asked once, at its end, whether it fits.
class CheckedSize {
 public:
  constexpr CheckedSize(std::size_t value) noexcept : value_(value) {}  // NOLINT: a size is a checked size

  /// False when any step on the way here overflowed.
  constexpr bool fits() const noexcept { return fits_; }

  /// The value; the greatest size there is when it does not fit: a forgotten question refuses rather than lends.
  constexpr std::size_t value() const noexcept { return fits_ ? value_ : size_limit; }

  friend constexpr CheckedSize operator+(CheckedSize left, CheckedSize right) noexcept {
    CheckedSize sum(0);
    sum.fits_ = !__builtin_add_overflow(left.value_, right.value_, &sum.value_) && left.fits_ && right.fits_;
    return sum;
  }

  friend constexpr CheckedSize operator*(CheckedSize left, CheckedSize right) noexcept {
    CheckedSize product(0);
    product.fits_ = !__builtin_mul_overflow(left.value_, right.value_, &product.value_) && left.fits_ && right.fits_;
    return product;
  }

  /// The smallest multiple of `alignment` (a power of two) that is not below this size.
  constexpr CheckedSize aligned_up(std::size_t alignment) const noexcept {
    CheckedSize raised = *this + CheckedSize(alignment - 1);
    raised.value_ = align_down(raised.value_, alignment);
    return raised;
  }

 private:
  std::size_t value_;
  bool fits_ = true;
};

/// The number that a pointer stands for: the arithmetic of heaps is done on numbers, where wrapping is defined.
inline std::size_t address_of(const void* at) noexcept { return reinterpret_cast<std::uintptr_t>(at); }

}  // namespace bareheap
