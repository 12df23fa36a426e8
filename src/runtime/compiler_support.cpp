// SPDX-License-Identifier: MIT
// What compilers call where the processor has no instruction (GCC internals, "The GCC low-level runtime library"). Only
// what containers and std::format were seen to need, and its siblings; anything else fails to link with its name.
#include "runtime/wide_division.hpp"

#include <cstdint>

extern "C" {

using bareheap::runtime::Signed128;
using bareheap::runtime::Unsigned128;

Unsigned128 __udivti3(Unsigned128 dividend, Unsigned128 divisor) {
  return bareheap::runtime::divide(dividend, divisor).quotient;
}

Unsigned128 __umodti3(Unsigned128 dividend, Unsigned128 divisor) {
  return bareheap::runtime::divide(dividend, divisor).remainder;
}

Signed128 __divti3(Signed128 dividend, Signed128 divisor) {
  return bareheap::runtime::signed_quotient(dividend, divisor);
}

Signed128 __modti3(Signed128 dividend, Signed128 divisor) {
  return bareheap::runtime::signed_remainder(dividend, divisor);
}

// std::unordered_map rounds its bucket counts up; x86-64 has the instruction only since SSE 4.1.
float ceilf(float value) {
  // From 2^23 on every float is whole; so are both infinities, and a NaN compares false and is passed on.
  constexpr float all_whole = 8388608.0F;
  if (!(value > -all_whole && value < all_whole)) return value;
  const auto truncated = static_cast<float>(static_cast<std::int32_t>(value));
  return __builtin_copysignf(truncated < value ? truncated + 1.0F : truncated, value);
}

}  // extern "C"
