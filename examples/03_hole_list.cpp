// SPDX-License-Identifier: MIT
// 3. Watching a heap: the walk draws it, one character for 16 bytes. A freed block is a hole; those that touch merge.
#include "bareheap/bareheap.hpp"

#include <cstdio>

alignas(16) static std::byte memory[24 * 16];

static bareheap::HoleList heap;

static void draw(const char* what) {
  heap.walk([](const bareheap::Extent& extent) {
    for (std::size_t byte = 0; byte < extent.size; byte += 16) {
      std::putchar(extent.kind == bareheap::ExtentKind::free ? '.' : '#');
    }
  });
  std::printf("  %s\n", what);
}

int main() {
  if (!heap.init({memory, sizeof memory})) return 1;
  constexpr bareheap::Layout layout(4 * 16, 16);
  const bareheap::Block a = heap.allocate(layout);
  const bareheap::Block b = heap.allocate(layout);
  const bareheap::Block c = heap.allocate(layout);
  draw("three blocks");
  heap.deallocate(a.at, layout);
  heap.deallocate(c.at, layout);
  draw("the first and the last are free");
  const bool grew = heap.resize(b.at, layout, 6 * 16);
  draw(grew ? "the second has grown in place" : "it cannot grow");
  heap.deallocate(b.at, bareheap::Layout(6 * 16, 16));
  draw("all merged");
}
