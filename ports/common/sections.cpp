// SPDX-License-Identifier: MIT
// What the linker script of every port tells of memory. Its symbols are places and not variables: declared as arrays,
// their name is the address, and the contents cannot be taken for it by mistake (S1-06).
#include "bareheap/core/region.hpp"
#include "ports/common/port.hpp"

#include <cstddef>
#include <cstdint>

extern "C" {
extern char __heap_start[];
extern char __heap_end[];
extern char __boot_stack_start[];
extern char __boot_stack_end[];
}

namespace bareheap::port {

namespace {

/// What the start code paints the boot stack with before its first use.
constexpr std::uint64_t paint = 0xa5a5a5a5a5a5a5a5;

}  // namespace

Region heap_region() noexcept { return Region::between(__heap_start, __heap_end); }

std::size_t boot_stack_size() noexcept { return Region::between(__boot_stack_start, __boot_stack_end).size; }

std::size_t boot_stack_used() noexcept {
  const volatile std::uint64_t* word = reinterpret_cast<const volatile std::uint64_t*>(__boot_stack_start);
  const std::size_t words = boot_stack_size() / sizeof(std::uint64_t);
  std::size_t painted = 0;
  while (painted < words && word[painted] == paint) ++painted;
  return (words - painted) * sizeof(std::uint64_t);
}

}  // namespace bareheap::port
