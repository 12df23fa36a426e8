// SPDX-License-Identifier: MIT
// 2. An arena: everything that a frame, a packet or a boot phase needs, given back at once.
#include "bareheap/bareheap.hpp"

#include <cstdio>

alignas(16) static std::byte memory[256];

int main() {
  bareheap::Bump arena;
  if (!arena.init({memory, sizeof memory})) return 1;
  constexpr bareheap::Layout record(40, 8);
  for (int frame = 0; frame < 3; ++frame) {
    std::byte* records[8] = {};
    int count = 0;
    while (const bareheap::Block block = arena.allocate(record)) records[count++] = block.at;
    std::printf("frame %d: %d records, the first %td bytes after the start\n", frame, count, records[0] - memory);
    while (count != 0) arena.deallocate(records[--count], record);  // the last one takes all back
  }
}
