// SPDX-License-Identifier: MIT
// A fixed number of bits, all clear at first. Set and test cost a shift and one word.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bareheap {

template <std::size_t Bits>
class Bitmap {
 public:
  static constexpr std::size_t bits = Bits;

  void set(std::size_t bit) noexcept { words_[bit / 64] |= std::uint64_t{1} << (bit % 64); }
  bool test(std::size_t bit) const noexcept { return (words_[bit / 64] >> (bit % 64) & 1) != 0; }

 private:
  std::uint64_t words_[(Bits + 63) / 64] = {};
};

}  // namespace bareheap
