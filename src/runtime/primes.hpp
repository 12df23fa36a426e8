// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace bareheap::runtime {

/// Trial division: the square root of `number` in steps. Tables are sized by it, not keys.
constexpr bool is_prime(std::size_t number) noexcept {
  if (number < 4) return number >= 2;
  if (number % 2 == 0 || number % 3 == 0) return false;
  // Every other prime is one less or one more than a multiple of 6.
  for (std::size_t divisor = 5; divisor <= number / divisor; divisor += 6) {
    if (number % divisor == 0 || number % (divisor + 2) == 0) return false;
  }
  return true;
}

/// The smallest prime that is not below `number`; 0 for 0 and where std::size_t holds none.
constexpr std::size_t next_prime(std::size_t number) noexcept {
  constexpr std::size_t greatest_prime = 18'446'744'073'709'551'557U;
  if (number == 0 || number > greatest_prime) return 0;
  while (!is_prime(number)) ++number;
  return number;
}

}  // namespace bareheap::runtime
