// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace bareheap::runtime {

/// A natural number of at most 1,280 bits: what the exact decimal form of a double takes, whose greatest numerators and
/// denominators are below 2^1,130, with room for a factor of 10. Nothing here checks for more.
class BigNatural {
 public:
  explicit constexpr BigNatural(std::uint64_t value) noexcept {
    words_[0] = static_cast<std::uint32_t>(value);
    words_[1] = static_cast<std::uint32_t>(value >> word_bits);
    size_ = words_[1] != 0 ? 2 : 1;
  }

  constexpr void multiply(std::uint32_t factor) noexcept {
    std::uint64_t carry = 0;
    for (std::size_t index = 0; index < size_; ++index) {
      carry += std::uint64_t{words_[index]} * factor;
      words_[index] = static_cast<std::uint32_t>(carry);
      carry >>= word_bits;
    }
    if (carry != 0) words_[size_++] = static_cast<std::uint32_t>(carry);
  }

  constexpr void multiply_by_power_of_ten(int exponent) noexcept {
    constexpr int step = 9;
    constexpr std::uint32_t ten_to_step = 1'000'000'000;
    for (; exponent >= step; exponent -= step) multiply(ten_to_step);
    for (; exponent > 0; --exponent) multiply(10);
  }

  constexpr void shift_left(int bits) noexcept {
    for (; bits >= word_bits; bits -= word_bits) insert_low_word();
    multiply(std::uint32_t{1} << bits);
  }

  constexpr void add(const BigNatural& other) noexcept {
    std::uint64_t carry = 0;
    for (std::size_t index = 0; index < size_ || index < other.size_; ++index) {
      carry += std::uint64_t{words_[index]} + other.words_[index];
      words_[index] = static_cast<std::uint32_t>(carry);
      carry >>= word_bits;
    }
    if (other.size_ > size_) size_ = other.size_;
    if (carry != 0) words_[size_++] = static_cast<std::uint32_t>(carry);
  }

  /// `other` must not be greater.
  constexpr void subtract(const BigNatural& other) noexcept {
    std::int64_t borrow = 0;
    for (std::size_t index = 0; index < size_; ++index) {
      borrow += std::int64_t{words_[index]} - other.words_[index];
      words_[index] = static_cast<std::uint32_t>(borrow);
      borrow >>= word_bits;
    }
    while (size_ > 1 && words_[size_ - 1] == 0) --size_;
  }

  friend constexpr std::strong_ordering operator<=>(const BigNatural& left, const BigNatural& right) noexcept {
    if (left.size_ != right.size_) return left.size_ <=> right.size_;
    for (std::size_t index = left.size_; index-- > 0;) {
      if (left.words_[index] != right.words_[index]) return left.words_[index] <=> right.words_[index];
    }
    return std::strong_ordering::equal;
  }

 private:
  static constexpr int word_bits = 32;

  constexpr void insert_low_word() noexcept {
    for (std::size_t index = size_; index > 0; --index) words_[index] = words_[index - 1];
    words_[0] = 0;
    ++size_;
  }

  /// Lowest first; those from size_ on are 0, and the last below it is not, unless the number is 0.
  std::array<std::uint32_t, 40> words_{};
  std::size_t size_;
};

}  // namespace bareheap::runtime
