// SPDX-License-Identifier: MIT
// What every port supplies to a kernel, under the same names on each machine. A kernel is written against this header
// and, where it wants the machine's own devices, against the headers of the one port it is for.
//
// Besides these a port supplies what the library and the runtime want from outside: bareheap::panic() and
// bareheap::runtime::fatal(). Both write one line to the serial line and then exit(1).
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/core/function_ref.hpp"
#include "bareheap/core/layout.hpp"
#include "bareheap/core/region.hpp"
#include "bareheap/core/text.hpp"

#include <cstddef>

/// The kernel supplies it. The port calls it once, on one CPU, with the boot stack, the memory map and the exception
/// vectors in place, interrupts off, and all static constructors run. Returning from it is exit(0).
extern "C" void kernel_main() noexcept;

namespace bareheap::port {

/// Writes to the serial line and waits while that is full. Usable from the first static constructor on.
void write(const char* characters, std::size_t size) noexcept;

/// write() as an object, for all that takes a TextSink: `put_text(port::serial, "…")`.
inline constexpr auto serial = [](const char* characters, std::size_t size) noexcept { write(characters, size); };

/// The next byte that came over the serial line, 0 to 255, or -1 when none waits.
int read() noexcept;

/// Ends the program after all that was written has left. In an emulator that was told to listen (each port's README
/// says how) the emulator ends with this status, 0 to 255; on a board the CPU stops as with halt().
[[noreturn]] void exit(int status) noexcept;

/// Stops this CPU for good, with interrupts off. An emulator goes on running.
[[noreturn]] void halt() noexcept;

/// The memory that the linker script sets aside for the heap, from `__heap_start` to `__heap_end`.
Region heap_region() noexcept;

/// Takes stretches of memory one after another. It may use the heap.
using RegionSink = FunctionRef<void(Region stretch)>;

/// The memory that has to be lent to memory_after_heap() while it asks the machine. Size 0: none.
Layout memory_question() noexcept;

/// Shows the sink every stretch of RAM that the machine reports, that lies after the heap region and that nobody uses
/// (device tree, firmware and devices are left out), lowest first; the first one begins where the heap region ends
/// unless something stands there. `question` is a block of the layout memory_question(), or null where that has size 0;
/// its contents are lost. False where the machine gave no answer, and then the sink saw nothing.
[[nodiscard]] bool memory_after_heap(std::byte* question, RegionSink sink) noexcept;

/// The same with the question's block borrowed from `heap`, which the sink may grow. False also where the heap had no
/// room for the question: `memory_after_heap(heap, [&](Region stretch) { … heap.add(stretch) … })`.
template <Allocator A>
[[nodiscard]] bool memory_after_heap(A& heap, RegionSink sink) noexcept {
  const Layout layout = memory_question();
  if (layout.size() == 0) return memory_after_heap(static_cast<std::byte*>(nullptr), sink);
  const Block question = heap.allocate(layout);
  if (!question) return false;
  const bool answered = memory_after_heap(question.at, sink);
  heap.deallocate(question.at, layout);
  return answered;
}

/// Bytes of the stack that kernel_main() runs on. Unmapped memory lies below it.
std::size_t boot_stack_size() noexcept;

/// The deepest use of that stack so far, in bytes: it is painted before its first use, and what has lost its paint was
/// used. A function that leaves its locals unwritten can be missed.
std::size_t boot_stack_used() noexcept;

}  // namespace bareheap::port
