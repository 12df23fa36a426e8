// SPDX-License-Identifier: MIT
// Somebody else's program: it finds the library, brings its own panic(), and lends itself a block.
#include <bareheap/bareheap.hpp>

#include <cstdio>
#include <cstdlib>

void bareheap::panic(const FaultReport& report) noexcept {
  std::fputs(sentence(report.fault), stderr);
  std::abort();
}

int main() {
  alignas(4096) static std::byte memory[8 * 4096];
  bareheap::GranuleHeap heap;
  if (!heap.init({memory, sizeof memory})) return 1;
  const bareheap::Block block = heap.allocate(bareheap::Layout::of<int>());
  if (!block || !heap.owns(block.at)) return 2;
  heap.deallocate(block.at, bareheap::Layout::of<int>());
  std::printf("bareheap %s\n", bareheap::version_text);
  return heap.check() == bareheap::Fault::none ? 0 : 3;
}
