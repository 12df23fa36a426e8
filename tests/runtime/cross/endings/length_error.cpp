// SPDX-License-Identifier: MIT
#include "link_program.hpp"

#include <vector>

namespace bareheap::link_check {

const char* const expected_sentence = "length_error was thrown in -fno-exceptions mode with message \"vector\"";

void end() {
  std::vector<int> numbers;
  numbers.reserve(numbers.max_size() + 1);
}

}  // namespace bareheap::link_check
