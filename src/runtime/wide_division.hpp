// SPDX-License-Identifier: MIT
// Division of 128-bit integers, which no processor of ours has an instruction for.
#pragma once

#include <bit>
#include <cstdint>

namespace bareheap::runtime {

using Unsigned128 = unsigned __int128;
using Signed128 = __int128;

struct Division {
  Unsigned128 quotient;
  Unsigned128 remainder;
};

constexpr int leading_zeros(Unsigned128 value) noexcept {
  const auto high = static_cast<std::uint64_t>(value >> 64);
  return high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(static_cast<std::uint64_t>(value));
}

/// Long division in base 2: as many steps as the quotient has bits. By 0: quotient all ones, remainder the dividend, as
/// RISC-V's divu has it.
constexpr Division divide(Unsigned128 dividend, Unsigned128 divisor) noexcept {
  if (divisor == 0) return {~Unsigned128{0}, dividend};
  if (dividend < divisor) return {0, dividend};
  if (dividend >> 64 == 0) {
    const auto small = static_cast<std::uint64_t>(dividend);
    const auto by = static_cast<std::uint64_t>(divisor);
    return {small / by, small % by};
  }
  int shift = leading_zeros(divisor) - leading_zeros(dividend);
  Unsigned128 part = divisor << shift;
  Unsigned128 quotient = 0;
  for (; shift >= 0; --shift, part >>= 1) {
    quotient <<= 1;
    if (dividend < part) continue;
    dividend -= part;
    quotient |= 1;
  }
  return {quotient, dividend};
}

/// The absolute value; that of the least number does not fit a Signed128, but does this.
constexpr Unsigned128 magnitude(Signed128 value) noexcept {
  const auto bits = static_cast<Unsigned128>(value);
  return value < 0 ? 0 - bits : bits;
}

constexpr Signed128 with_sign(Unsigned128 value, bool negative) noexcept {
  return static_cast<Signed128>(negative ? 0 - value : value);
}

/// Rounds towards 0 ([expr.mul]).
constexpr Signed128 signed_quotient(Signed128 dividend, Signed128 divisor) noexcept {
  return with_sign(divide(magnitude(dividend), magnitude(divisor)).quotient, (dividend < 0) != (divisor < 0));
}

/// Has the sign of the dividend.
constexpr Signed128 signed_remainder(Signed128 dividend, Signed128 divisor) noexcept {
  return with_sign(divide(magnitude(dividend), magnitude(divisor)).remainder, dividend < 0);
}

}  // namespace bareheap::runtime
