// SPDX-License-Identifier: MIT
// 1. A heap over a static array: the region goes in, blocks come out. Nothing else is needed.
#include "bareheap/bareheap.hpp"

#include <cstdio>

alignas(16) static std::byte memory[1024];

static constinit bareheap::HoleList heap;

int main() {
  if (heap.allocate(bareheap::Layout(16, 16))) return 1;  // it has no region yet, and refuses

  const bareheap::Admission admission = heap.init({memory, sizeof memory});
  if (!admission) return 2;

  const bareheap::Block block = heap.allocate(bareheap::Layout(100, 16));
  std::printf("asked for 100 bytes, got %zu, %td bytes after the start\n", block.size, block.at - memory);
  heap.deallocate(block.at, bareheap::Layout(100, 16));  // the layout goes back: that is why no header is needed
}
