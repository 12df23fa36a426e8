// SPDX-License-Identifier: MIT
#include "bareheap/bareheap.hpp"
#include "ports/common/port.hpp"

#include <memory>

constinit bareheap::GranuleHeap program_heap;
#include "bareheap/bindings/operator_new.hpp"

extern "C" void kernel_main() noexcept {
  if (!program_heap.init(bareheap::port::heap_region())) return;
  const auto box = std::make_unique<int>(371);
  bareheap::put_text(bareheap::port::serial, "Hello box containing ");
  bareheap::put_decimal(bareheap::port::serial, static_cast<unsigned>(*box));
  bareheap::put_text(bareheap::port::serial, "!\r\n");
}
