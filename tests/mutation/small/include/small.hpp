// SPDX-License-Identifier: MIT
// A header whose mutations are known: tests/mutation/mutate_test.py names those that its judge misses. 1 < 2 is none.
#pragma once

namespace small {

template <class Number>
class Sum {
 public:
  void add(Number one, Number other) {
    if (one > 1000) return;  // which nobody asks
    total_ = one - other;
    ++calls_;
  }
  bool is_large() const { return total_ > 9; }
  Number rounded(Number step) const {
    Number sum = 0;
    while (sum < total_) sum += step;
    return sum;
  }

 private:
  Number total_ = 100;
  int calls_ = 0;  // which nobody reads
};

}  // namespace small
