// SPDX-License-Identifier: MIT
#include "kernel/machine/faults.hpp"

std::vector<bareheap::faults::Column> bareheap::faults::columns_of_the_board() {
  return {whole_column_of<HoleList>("HoleList"), whole_column_of<PageHeap>("PageHeap"),
          whole_column_of<GranuleHeap>("GranuleHeap"),
          column_of_lock<SpinWithInterruptsSaved<OneCpu>>("SpinWithInterruptsSaved")};
}
