// SPDX-License-Identifier: MIT
// IEEE 754 binary128, which is long double on AArch64 and RISC-V and which neither computes with: one sign bit, 15 bits
// of exponent, 112 of fraction.
#pragma once

#include "runtime/wide_division.hpp"

#include <bit>
#include <cstdint>

namespace bareheap::runtime {

inline constexpr int quad_fraction_bits = 112;
inline constexpr Unsigned128 quad_fraction_mask = (Unsigned128{1} << quad_fraction_bits) - 1;
inline constexpr int quad_exponent_mask = 0x7fff;
inline constexpr int quad_exponent_bias = 16383;

constexpr int quad_exponent(Unsigned128 bits) noexcept {
  return static_cast<int>(bits >> quad_fraction_bits) & quad_exponent_mask;
}

constexpr bool quad_is_nan(Unsigned128 bits) noexcept {
  return quad_exponent(bits) == quad_exponent_mask && (bits & quad_fraction_mask) != 0;
}

/// Drops `count` bits, rounding to nearest, ties to even.
constexpr std::uint64_t rounded_shift(Unsigned128 value, int count) noexcept {
  if (count > 127) return 0;
  const Unsigned128 kept = value >> count;
  const Unsigned128 lost = value - (kept << count);
  const Unsigned128 half = Unsigned128{1} << (count - 1);
  const bool up = lost > half || (lost == half && (kept & 1) != 0);
  return static_cast<std::uint64_t>(kept) + (up ? 1 : 0);
}

/// The nearest double: what the compiler calls __trunctfdf2 for.
constexpr double quad_to_double(Unsigned128 bits) noexcept {
  constexpr int fraction_bits = 52;
  constexpr int dropped = quad_fraction_bits - fraction_bits;
  constexpr std::uint64_t infinity = std::uint64_t{0x7ff} << fraction_bits;
  const std::uint64_t sign = static_cast<std::uint64_t>(bits >> 127) << 63;
  const Unsigned128 fraction = bits & quad_fraction_mask;
  if (quad_is_nan(bits)) {
    const std::uint64_t quiet = std::uint64_t{1} << (fraction_bits - 1);
    return std::bit_cast<double>(sign | infinity | quiet | static_cast<std::uint64_t>(fraction >> dropped));
  }
  const int exponent = quad_exponent(bits) - quad_exponent_bias + 1023;
  if (exponent >= 0x7ff) return std::bit_cast<double>(sign | infinity);
  // Adding rather than joining exponent and fraction lets a carry of the rounding move on into the exponent, up to
  // infinity, and that of the greatest subnormal number into the smallest normal one.
  if (exponent > 0) {
    const std::uint64_t biased = static_cast<std::uint64_t>(exponent) << fraction_bits;
    return std::bit_cast<double>(sign | (biased + rounded_shift(fraction, dropped)));
  }
  const Unsigned128 whole = fraction | Unsigned128{1} << quad_fraction_bits;
  return std::bit_cast<double>(sign | rounded_shift(whole, dropped + 1 - exponent));
}

}  // namespace bareheap::runtime
