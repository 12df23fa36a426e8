// SPDX-License-Identifier: MIT
// An engine that stops ends the tool with its sentence.
#include "bareheap/core/fault.hpp"

#include <cstdio>
#include <cstdlib>

namespace bareheap {

void panic(const FaultReport& report) noexcept {
  print(report, [](const char* characters, std::size_t size) { std::fwrite(characters, 1, size, stderr); });
  std::_Exit(1);
}

}  // namespace bareheap
