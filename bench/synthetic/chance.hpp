// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <random>

namespace bareheap::bench {

/// Chance that is the same on every machine: the standard library's own distributions are not.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}

  /// 0 to `end` - 1. (The remainder's bias is a 10^-14th for the numbers that are used.)
  std::uint64_t below(std::uint64_t end) { return engine_() % end; }

  /// `first` to `last`.
  std::uint64_t between(std::uint64_t first, std::uint64_t last) { return first + below(last - first + 1); }

  /// 2^first to 2^last - 1: each doubling is as likely as any other, and so is each size within one.
  std::uint64_t any_magnitude(unsigned first, unsigned last) {
    const std::uint64_t least = std::uint64_t{1} << between(first, last - 1);
    return least + below(least);
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace bareheap::bench
