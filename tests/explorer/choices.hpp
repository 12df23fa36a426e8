// SPDX-License-Identifier: MIT
// The decisions of a schedule: the first ones as given, the others by the rule of the search. Each option has a cost;
// the first one has none, and leads to the end.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace explorer {

/// What can be chosen at one moment.
struct Costs {
  std::array<std::uint8_t, 16> each{};
  unsigned count = 0;

  void add(unsigned cost) { each.at(count++) = static_cast<std::uint8_t>(cost); }
};

class Choices {
 public:
  /// Depth first: all schedules that cost no more than `bound`.
  void search(unsigned long bound) {
    path_.clear();
    left_at_.clear();
    searches_ = true;
    bound_ = bound;
    dice_ = 0;
  }

  /// At random; `seed` is not 0. Every eighth decision is thrown.
  void throw_dice(std::uint64_t seed) {
    path_.clear();
    searches_ = false;
    dice_ = seed;
  }

  /// Some decisions, and the default for those after them.
  void follow(const std::string& schedule);

  void rewind() { position_ = spent_ = 0; }

  /// The next decision. `state` tells where it is made: a search goes on from each state once only, unless it comes
  /// back with more to spend.
  unsigned choose(const Costs& costs, std::uint64_t state);

  /// All decisions so far were made before, in the same order.
  bool is_known() const { return searches_ && position_ < path_.size(); }

  static constexpr unsigned seen_before = ~0u;
  static constexpr unsigned no_such_option = ~0u - 1;  ///< the decisions given are for another program

  /// After a schedule of a search: the path to the next one. False: that was the last.
  bool advance();

  std::string schedule() const;

 private:
  struct Decision {
    std::uint8_t chosen;
    std::uint16_t spent;  // before
    Costs costs;
  };

  unsigned thrown(const Costs& costs);
  bool is_new(std::uint64_t state);

  std::vector<Decision> path_;
  std::size_t position_ = 0;
  unsigned spent_ = 0;
  unsigned long bound_ = 0;
  bool searches_ = false;
  std::uint64_t dice_ = 0;
  std::unordered_map<std::uint64_t, unsigned long> left_at_;  // what there was to spend at each state
};

}  // namespace explorer
