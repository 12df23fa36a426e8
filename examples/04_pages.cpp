// SPDX-License-Identifier: MIT
// 4. Page frames: whole pages, runs, and a block below an address that a device can reach. The map lies outside the
// pages, so a page can be given to a page table or a device as it is.
#include "bareheap/bareheap.hpp"

#include <cstdio>

constexpr std::size_t pages = 16;
alignas(4096) static std::byte memory[bareheap::PageHeap::smallest_region(pages)];

static constinit bareheap::PageHeap frames;

int main() {
  if (!frames.init({memory, sizeof memory})) return 1;
  const bareheap::Block table = bareheap::allocate_zeroed(frames, bareheap::Layout(4096, 4096));
  const bareheap::Block stack = frames.allocate_pages(4, 4096);
  const bareheap::Block buffer = frames.allocate_below(bareheap::Layout(8192, 4096), bareheap::address_of(stack.at));
  std::printf("a zeroed page, %d; a stack of %zu bytes; a buffer below the stack: %s\n",
              std::to_integer<int>(table.at[4095]), stack.size, buffer ? "yes" : "no room, and nothing was lost");
  frames.deallocate(table.at, bareheap::Layout(4096, 4096));
  const bareheap::Block again = frames.allocate_below(bareheap::Layout(4096, 4096), bareheap::address_of(stack.at));
  std::printf("after the first page was freed: %s\n", again.at == table.at ? "its frame is lent again" : "no room");
}
