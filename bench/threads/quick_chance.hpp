// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <random>

namespace bareheap::bench {

/// Chance that takes a nanosecond, for loops whose calls take a few: it must not hide them.
class QuickChance {
 public:
  explicit QuickChance(std::uint64_t seed) : engine_(seed) { engine_.discard(8); }  // neighbouring seeds begin alike

  /// 0 to `end` - 1.
  std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>((engine_() >> 32) * end >> 32); }

  /// `first` to `last`.
  std::uint32_t between(std::uint32_t first, std::uint32_t last) { return first + below(last - first + 1); }

 private:
  std::linear_congruential_engine<std::uint64_t, 6364136223846793005, 1442695040888963407, 0> engine_;  // after Knuth
};

}  // namespace bareheap::bench
