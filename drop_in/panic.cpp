// SPDX-License-Identifier: MIT
// How a program stops whose heap was misused: the sentence on standard error, by write(2), then abort().
#include "bareheap/core/fault.hpp"

#include "drop_in/standard_error.hpp"

#include <cstdlib>

namespace bareheap {

void panic(const FaultReport& report) noexcept {
  drop_in::StandardError error;
  print(report, [&](const char* characters, std::size_t size) { error.put(std::string_view(characters, size)); });
  error.flush();
  std::abort();
}

}  // namespace bareheap
