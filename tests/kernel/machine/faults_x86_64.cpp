// SPDX-License-Identifier: MIT
#include "kernel/machine/faults.hpp"

std::vector<bareheap::faults::Column> bareheap::faults::columns_of_the_board() {
  return {whole_column_of<HoleList>("HoleList"), whole_column_of<Checked<HoleList>>("Checked HoleList"),
          whole_column_of<Locked<HoleList, NoLock>>("Locked"),
          column_of_lock<InterruptsSaved<OneCpu>>("InterruptsSaved"),
          column_of("NullHeap", uses_before_init<NullHeap>(), Start::fresh)};
}
