// SPDX-License-Identifier: MIT
#include "explorer/choices.hpp"

#include <sstream>

namespace explorer {

unsigned Choices::choose(const Costs& costs, std::uint64_t state) {
  if (costs.count == 1) return 0;
  if (position_ == path_.size()) {
    if (searches_ && !is_new(state)) return seen_before;
    const unsigned chosen = dice_ == 0 ? 0 : thrown(costs);
    path_.push_back({static_cast<std::uint8_t>(chosen), 0, costs});
  }
  Decision& decision = path_[position_++];
  if (decision.chosen >= costs.count) return no_such_option;
  decision.costs = costs;
  decision.spent = static_cast<std::uint16_t>(spent_);
  spent_ += costs.each[decision.chosen];
  return decision.chosen;
}

bool Choices::is_new(std::uint64_t state) {
  const unsigned long left = bound_ - spent_ + 1;
  unsigned long& most = left_at_[state];
  if (left <= most) return false;
  most = left;
  return true;
}

unsigned Choices::thrown(const Costs& costs) {
  dice_ ^= dice_ << 13;
  dice_ ^= dice_ >> 7;
  dice_ ^= dice_ << 17;
  return (dice_ >> 20) % 8 != 0 ? 0 : static_cast<unsigned>((dice_ >> 32) % costs.count);
}

bool Choices::advance() {
  while (!path_.empty()) {
    Decision& last = path_.back();
    while (++last.chosen < last.costs.count) {
      if (last.spent + last.costs.each[last.chosen] <= bound_) return true;
    }
    path_.pop_back();
  }
  return false;
}

// "12 2 0 1": twelve defaults, then option 2, then none, then option 1.
std::string Choices::schedule() const {
  std::ostringstream text;
  unsigned defaults = 0;
  for (const Decision& decision : path_) {
    if (decision.chosen == 0) {
      ++defaults;
      continue;
    }
    text << (text.tellp() == 0 ? "" : " ") << defaults << ' ' << unsigned{decision.chosen};
    defaults = 0;
  }
  return text.str();
}

void Choices::follow(const std::string& schedule) {
  path_.clear();
  dice_ = 0;
  searches_ = false;
  std::istringstream text(schedule);
  unsigned defaults = 0;
  unsigned chosen = 0;
  while (text >> defaults >> chosen) {
    path_.resize(path_.size() + defaults);
    path_.push_back({static_cast<std::uint8_t>(chosen), 0, {}});
  }
}

}  // namespace explorer
