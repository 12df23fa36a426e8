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
  bareheap::StoryPages heap;
  if (!heap.init({memory, sizeof memory})) return 1;
  const bareheap::Block block = heap.allocate(bareheap::Layout::of<int>());
  heap.deallocate(block.at, bareheap::Layout::of<int>());
  std::printf("bareheap %s\n", bareheap::version_text);
  return block.at == memory + 16 && heap.check() == bareheap::Fault::none ? 0 : 2;
}
