// SPDX-License-Identifier: MIT
//
// A set of numbers below a limit, in memory that the caller owns, and the least number in it. One bit for each number;
// behind these words one bit for each of them that is not 0, and so on up to a single word.
//
//     bits   ..1..1.. ........ .1......
//     above  1.1                              a bit says that its word below holds a 1
//
// Cost:     insert, erase and first: up to one word for each factor of 32 in the limit.
// Overhead: a thirty-first of the bits.
#pragma once

#include "bareheap/core/bits.hpp"

#include <bit>
#include <cstdint>

namespace bareheap {

class BitTree {
 public:
  /// No number.
  static constexpr std::size_t none = size_limit;

  /// Words of 32 bits that a set of numbers below `limit`, which is not 0, takes.
  static constexpr std::size_t words(std::size_t limit) noexcept {
    std::size_t sum = 0;
    do {
      sum += limit = groups(limit);
    } while (limit > 1);
    return sum;
  }

  /// Empty. `words` has room for words(limit) of them. A limit above 2^30 has no tree.
  BitTree(std::uint32_t* words, std::size_t limit) noexcept : lowest_{words, groups(limit)}, limit_(limit) {
    for (std::size_t index = 0; index != BitTree::words(limit); ++index) words[index] = 0;
  }

  bool contains(std::size_t number) const noexcept { return (lowest_.at[number / fan] >> (number % fan) & 1) != 0; }

  void insert(std::size_t number) noexcept {
    for (Level level = lowest_;; level = level.above()) {
      std::uint32_t& word = level.at[number / fan];
      const bool was_empty = word == 0;
      word |= std::uint32_t{1} << (number % fan);
      if (!was_empty || level.count == 1) return;
      number /= fan;
    }
  }

  void erase(std::size_t number) noexcept {
    for (Level level = lowest_;; level = level.above()) {
      std::uint32_t& word = level.at[number / fan];
      word &= ~(std::uint32_t{1} << (number % fan));
      if (word != 0 || level.count == 1) return;
      number /= fan;
    }
  }

  /// The least number of the set, or none.
  std::size_t first() const noexcept {
    Level levels[most_levels];
    levels[0] = lowest_;
    std::size_t height = 0;
    for (; levels[height].count != 1; ++height) levels[height + 1] = levels[height].above();
    std::size_t number = 0;
    for (;; --height) {
      const std::uint32_t word = levels[height].at[number];
      if (word == 0) return none;
      number = number * fan + static_cast<std::size_t>(std::countr_zero(word));
      if (height == 0) return number;
    }
  }

  /// True where, above the numbers from `first` up to `end`, each bit says what its word below is, and no bit stands
  /// for a number that is not below the limit.
  bool holds(std::size_t first, std::size_t end) const noexcept {
    std::size_t limit = limit_;
    for (Level level = lowest_;; level = level.above()) {
      if (limit % fan != 0 && level.at[limit / fan] >> (limit % fan) != 0) return false;
      if (level.count == 1) return true;
      limit = level.count;
      first /= fan;
      end = groups(end);
      for (std::size_t word = first; word != end; ++word) {
        const bool says = (level.above().at[word / fan] >> (word % fan) & 1) != 0;
        if (says != (level.at[word] != 0)) return false;
      }
    }
  }

 private:
  static constexpr std::size_t fan = 32;
  static constexpr std::size_t most_levels = 7;

  static constexpr std::size_t groups(std::size_t count) noexcept { return (count + (fan - 1)) / fan; }

  struct Level {
    std::uint32_t* at;
    std::size_t count;

    Level above() const noexcept { return {at + count, groups(count)}; }
  };

  Level lowest_;
  std::size_t limit_;
};

}  // namespace bareheap
