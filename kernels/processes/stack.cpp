// SPDX-License-Identifier: MIT
#include "kernels/processes/stack.hpp"

#include "heap.hpp"
#include "ports/riscv64/mmu.hpp"

namespace bareheap::processes {

namespace {

constexpr std::size_t page_size = 4096;
constexpr Layout layout(page_size + stack_size, page_size);

}  // namespace

Region allocate_stack() noexcept {
  const Block block = program_heap.allocate(layout);
  if (!block) return {};
  if (riscv64::protect_page(block.at)) return {block.at + page_size, stack_size};
  program_heap.deallocate(block.at, layout);
  return {};
}

// A page that nobody may touch must not become anybody's block: it would stay lent, and the kernel's count at the end
// tells.
void free_stack(Region stack) noexcept {
  if (stack.size == 0) return;
  std::byte* const guard = stack.start - page_size;
  if (riscv64::unprotect_page(guard)) program_heap.deallocate(guard, layout);
}

}  // namespace bareheap::processes
