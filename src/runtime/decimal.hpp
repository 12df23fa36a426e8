// SPDX-License-Identifier: MIT
// Floating-point numbers taken apart, and their decimal digits.
#pragma once

#include <bit>
#include <cstdint>

namespace bareheap::runtime {

/// A float or double: mantissa · 2^exponent, with its sign, or an infinity, or not a number.
struct Binary {
  enum class Kind : std::uint8_t { finite, infinite, not_a_number };

  std::uint64_t mantissa;
  int exponent;
  int fraction_bits;  ///< of the mantissa: all but the leading one
  bool negative;
  bool neighbour_is_closer;  ///< a power of two: the next number below is half as far away as the next above
  Kind kind;
};

template <class Bits, int FractionBits, int ExponentBits>
constexpr Binary take_apart_bits(Bits bits) noexcept {
  constexpr int greatest = (1 << ExponentBits) - 1;
  constexpr int bias = greatest / 2;
  const std::uint64_t fraction = bits & ((Bits{1} << FractionBits) - 1);
  const int biased = static_cast<int>(bits >> FractionBits) & greatest;
  const bool negative = bits >> (FractionBits + ExponentBits) != 0;
  const bool normal = biased != 0;
  Binary number{.mantissa = normal ? fraction | std::uint64_t{1} << FractionBits : fraction,
                .exponent = (normal ? biased : 1) - bias - FractionBits,
                .fraction_bits = FractionBits,
                .negative = negative,
                .neighbour_is_closer = fraction == 0 && biased > 1,
                .kind = Binary::Kind::finite};
  if (biased == greatest) number.kind = fraction == 0 ? Binary::Kind::infinite : Binary::Kind::not_a_number;
  return number;
}

constexpr Binary take_apart(float value) noexcept {
  return take_apart_bits<std::uint32_t, 23, 8>(std::bit_cast<std::uint32_t>(value));
}

constexpr Binary take_apart(double value) noexcept {
  return take_apart_bits<std::uint64_t, 52, 11>(std::bit_cast<std::uint64_t>(value));
}

/// 0.d1d2d3… · 10^point. The first digit is not 0, nor is the last; no digit at all is the number 0.
struct Decimal {
  /// No double has more digits than this.
  static constexpr int capacity = 767;

  int count = 0;
  int point = 1;
  char digits[capacity];

  /// The digit at `position` after d1, '0' before the first and behind the last.
  constexpr char at(int position) const noexcept { return position >= 0 && position < count ? digits[position] : '0'; }
};

/// The fewest digits that a reader who rounds to nearest turns into the same number again, and of those the closest.
void find_shortest(const Binary& number, Decimal& decimal) noexcept;

/// The first `count` digits of the exact value, rounded half to even; at least one.
void find_leading(const Binary& number, int count, Decimal& decimal) noexcept;

/// The digits of the exact value up to `places` behind the decimal point, rounded half to even; 0 or more places.
void find_up_to(const Binary& number, int places, Decimal& decimal) noexcept;

}  // namespace bareheap::runtime
