// SPDX-License-Identifier: MIT
#include "kernel/machine/faults.hpp"

std::vector<bareheap::faults::Column> bareheap::faults::columns_of_the_board() {
  return {whole_column_of<HoleList>("HoleList"), whole_column_of<Checked<PageHeap>>("Checked PageHeap"),
          column_of_lock<NoLock>("NoLock"), column_of_lock<SpinLock<OneCpu>>("SpinLock")};
}
