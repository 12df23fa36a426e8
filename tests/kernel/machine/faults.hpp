// SPDX-License-Identifier: MIT
// Which heaps are misused on this board: the class Faults of kernel_test.py names them. Each takes long to compile.
#pragma once

#include "faults/catalogue.hpp"

#include <vector>

namespace bareheap::faults {

std::vector<Column> columns_of_the_board();

/// What a policy makes of a CPU that comes back for the lock it holds.
template <class Policy>
Column column_of_lock(const char* name) {
  return column_of(name, wrong_locking<Locked<HoleList, Policy>>());
}

}  // namespace bareheap::faults
