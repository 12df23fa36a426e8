// SPDX-License-Identifier: MIT
//
// Numbers in a row, in memory that the caller owns, and the first of them that is at least so large. Behind the row
// stand the greatest of each 16 numbers, behind those the greatest of each 16 of these, up to a single one.
//
//     row    3 0 0 7 . . .  |  0 2 0 0 . . .  |  0 9      the first from place 4 on that is at least 5: climb until a
//              \   /             \  /            |        greatest to the right is large enough, then descend to it
//     above      7                2              9
//     top                         9
//
// Cost:     set and next: up to 16 reads (next: 32) for each factor of 16 in the row's length.
// Overhead: a fifteenth of the row.
#pragma once

#include "bareheap/core/bits.hpp"

#include <cstdint>

namespace bareheap {

class MaxTree {
 public:
  /// No place in the row.
  static constexpr std::size_t none = size_limit;

  /// A longer row has no tree.
  static constexpr std::size_t most_numbers = std::size_t{1} << 30;

  /// Words of 32 bits that a row of `count` numbers, at least one, takes with all that stands behind it.
  static constexpr std::size_t words(std::size_t count) noexcept {
    std::size_t sum = count;
    while (count > 1) sum += count = groups(count);
    return sum;
  }

  /// `words` has room for words(count) of them, which become 0.
  MaxTree(std::uint32_t* words, std::size_t count) noexcept : row_{words, count} {
    for (std::size_t index = 0; index != MaxTree::words(count); ++index) words[index] = 0;
  }

  std::size_t count() const noexcept { return row_.count; }
  std::uint32_t operator[](std::size_t place) const noexcept { return row_.at[place]; }

  void set(std::size_t place, std::uint32_t number) noexcept {
    std::uint32_t old = row_.at[place];
    row_.at[place] = number;
    for (Level level = row_; level.count > 1; level = level.above()) {
      place /= fan;
      std::uint32_t& above = level.above().at[place];
      if (above > old && above >= number) return;  // the greatest is another one
      old = above;
      above = number > old ? number : level.greatest_of_group(place);
      if (above == old) return;
      number = above;
    }
  }

  /// The first place, not before `from`, of a number that is at least `least`, or none.
  std::size_t next(std::size_t from, std::uint32_t least) const noexcept {
    Level levels[most_levels];
    levels[0] = row_;
    std::size_t height = 0;
    std::size_t place = from;
    std::size_t found = row_.next_in_group(place, least);
    while (found == none) {
      if (levels[height].count <= 1) return none;
      levels[height + 1] = levels[height].above();
      place = place / fan + 1;
      found = levels[++height].next_in_group(place, least);
    }
    while (height != 0 && found != none) found = levels[--height].next_in_group(found * fan, least);
    return found;
  }

  /// True where every number that stands for a place from `first` up to `end` is the greatest of its group.
  bool holds(std::size_t first, std::size_t end) const noexcept {
    for (Level level = row_; level.count > 1; level = level.above()) {
      first /= fan;
      end = groups(end);
      for (std::size_t group = first; group != end; ++group) {
        if (level.above().at[group] != level.greatest_of_group(group)) return false;
      }
    }
    return true;
  }

 private:
  static constexpr std::size_t fan = 16;
  static constexpr std::size_t most_levels = 9;

  static constexpr std::size_t groups(std::size_t count) noexcept { return (count + (fan - 1)) / fan; }

  struct Level {
    std::uint32_t* at;
    std::size_t count;

    Level above() const noexcept { return {at + count, groups(count)}; }

    std::size_t end_of_group(std::size_t group) const noexcept {
      const std::size_t end = (group + 1) * fan;
      return end < count ? end : count;
    }

    std::uint32_t greatest_of_group(std::size_t group) const noexcept {
      std::uint32_t greatest = 0;
      for (std::size_t place = group * fan; place < end_of_group(group); ++place) {
        if (at[place] > greatest) greatest = at[place];
      }
      return greatest;
    }

    std::size_t next_in_group(std::size_t place, std::uint32_t least) const noexcept {
      for (const std::size_t end = end_of_group(place / fan); place < end; ++place) {
        if (at[place] >= least) return place;
      }
      return none;
    }
  };

  Level row_;
};

}  // namespace bareheap
