// SPDX-License-Identifier: MIT
// Does the one wrong thing that the key on the serial line names; each must end the kernel with its line.
#include "bareheap/engines/hole_list.hpp"
#include "bareheap/engines/null_heap.hpp"
#include "kernels/lab/log.hpp"
#include "kernels/lab/memory.hpp"

#include <cstdint>

namespace {

using namespace bareheap;

constinit HoleList heap;
constinit NullHeap dummy;
constinit std::uint64_t variable = 371;

void do_wrong(int key) {
  switch (key) {
    case 'd': return dummy.deallocate(reinterpret_cast<std::byte*>(&variable), Layout(8, 8));
    case 'i': return static_cast<void>(heap.init(x86_64::heap_window()));
    default: return;
  }
}

}  // namespace

extern "C" void kernel_main() noexcept {
  lab::say("ready");
  while (true) do_wrong(port::read());
}
