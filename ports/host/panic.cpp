// SPDX-License-Identifier: MIT
// The host's way to stop: the report on standard error, then abort(), so that a debugger or a test sees it.
#include "bareheap/core/fault.hpp"

#include <cstdio>
#include <cstdlib>

namespace bareheap {

void panic(const FaultReport& report) noexcept {
  print(report, [](const char* characters, std::size_t size) { std::fwrite(characters, 1, size, stderr); });
  std::abort();
}

}  // namespace bareheap
