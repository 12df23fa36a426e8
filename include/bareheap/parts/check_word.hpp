// SPDX-License-Identifier: MIT
// A word that goes with an address and what is stored there. It tells a header from bytes that lie there by chance or
// were written there by accident; it is no defence against someone who means to forge it. Two multiplications.
#pragma once

#include "bareheap/core/bits.hpp"

#include <cstddef>
#include <cstdint>

namespace bareheap {

/// Differs for other addresses and other values but for one case in 2^(bits of a word), as far as chance goes.
inline std::size_t check_word(const void* at, std::size_t value) noexcept {
  constexpr auto odd = static_cast<std::size_t>(0x9E3779B97F4A7C15u);  // 2^64 divided by the golden ratio
  constexpr unsigned half = sizeof(std::size_t) * 4;
  const std::size_t mixed = (address_of(at) * odd) ^ (value + odd);
  return (mixed ^ (mixed >> half)) * odd;
}

}  // namespace bareheap
