// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace bareheap::test {

/// xorshift32 (Marsaglia 2003): the same numbers everywhere.
class Dice {
 public:
  explicit constexpr Dice(std::uint32_t seed) noexcept : state_(seed * 2654435761u | 1) {}

  constexpr std::size_t below(std::size_t limit) noexcept {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_ % limit;
  }

 private:
  std::uint32_t state_;
};

}  // namespace bareheap::test
