// SPDX-License-Identifier: MIT
// S2-10: every container of C++ works on the heap that the program has given itself. Each case puts 1,000 elements in,
// looks them up, takes some out and checks what is left. It runs on every board and on the host.
#pragma once

#include <cstddef>

namespace bareheap::kernel_test {

struct ContainerCase {
  const char* name;

  /// True when every answer was right. What it allocated it has freed when it returns: the caller compares the heap's
  /// used bytes before and after.
  bool (*run)();
};

extern const ContainerCase container_cases[];
extern const std::size_t container_case_count;

}  // namespace bareheap::kernel_test
