// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace bareheap::processes {

/// Numbers that look random: xorshift with a multiplication (Vigna, "An experimental exploration of Marsaglia's
/// xorshift generators, scrambled", xorshift64*).
class Random {
 public:
  /// `seed` must not be 0.
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

  /// 0 to limit - 1; 0 where `limit` is 0. Larger numbers are less random, as it does for a show.
  std::size_t below(std::size_t limit) noexcept {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    const std::uint64_t number = (state_ * 0x2545f4914f6cdd1d) >> 32;
    return limit == 0 ? 0 : number % limit;
  }

 private:
  std::uint64_t state_;
};

}  // namespace bareheap::processes
