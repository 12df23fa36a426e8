// SPDX-License-Identifier: MIT
// Records its heap as a kernel does (docs/traces.md), between other words, and says the curve that its trace must have.
#include "bareheap/engines/hole_list.hpp"
#include "bareheap/wrappers/traced.hpp"
#include "ports/common/trace_lines.hpp"

#include <cstdio>

namespace {

namespace port {
void write(const char* characters, std::size_t size) noexcept { std::fwrite(characters, 1, size, stdout); }
}  // namespace port

bareheap::Traced<bareheap::HoleList, bareheap::port::TraceLines<port::write>> heap;
alignas(4096) std::byte memory[1 << 20];

std::size_t live = 0;

void say_live(std::size_t bytes) {
  live = bytes;
  std::printf("[  1.234567] heap: live %zu trace: no base64\r\n", live);
}

}  // namespace

int main() {
  if (!heap.init({memory, sizeof memory})) return 1;
  const bareheap::Block unknown = heap.allocate(bareheap::Layout(100, 8));
  heap.start({.program = "kernel", .program_size = 6});
  bareheap::Block blocks[200];
  for (std::size_t index = 0; index < 200; ++index) {
    blocks[index] = heap.allocate(bareheap::Layout(index, std::size_t{1} << index % 8));
    say_live(live + index);
  }
  heap.deallocate(unknown.at, bareheap::Layout(100, 8));
  static_cast<void>(heap.allocate(bareheap::Layout(2 << 20, 8)));
  if (!heap.resize(blocks[150].at, bareheap::Layout(150, 64), 20)) return 1;
  say_live(live - 130);
  for (std::size_t index = 0; index < 200; index += 2) {
    const std::size_t size = index == 150 ? 20 : index;
    heap.deallocate(blocks[index].at, bareheap::Layout(size, std::size_t{1} << index % 8));
    say_live(live - size);
  }
  heap.stop();
  heap.deallocate(blocks[1].at, bareheap::Layout(1, 2));
  return 0;
}
