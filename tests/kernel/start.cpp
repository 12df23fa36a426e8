// SPDX-License-Identifier: MIT
#include "kernel/heap.hpp"
#include "kernel/runner.hpp"

constinit bareheap::GranuleHeap program_heap;
#include "bareheap/bindings/operator_new.hpp"

#include <cstring>

namespace bareheap::kernel_test {

namespace {

constexpr std::size_t memory_for_containers = std::size_t{16} << 20;

// Memory at power-on holds anything; an emulator's holds zeros, which would hide who relies on them.
void fill_as_at_power_on(Region region) noexcept { std::memset(region.start, 0xA5, region.size); }

}  // namespace

Region start_heap() noexcept {
  fill_as_at_power_on(port::heap_region());
  Region scratch;
  const Region first = port::heap_region();
  bool ready = static_cast<bool>(program_heap.init(first, {first.start, first.size + memory_for_containers}));
  ready = ready && port::memory_after_heap(program_heap, [&](Region stretch) {
            if (scratch.size != 0 || stretch.size < memory_for_containers + scratch_size) return;
            fill_as_at_power_on({stretch.start, memory_for_containers + scratch_size});
            static_cast<void>(program_heap.add({stretch.start, memory_for_containers}));
            scratch = {stretch.start + memory_for_containers, scratch_size};
          });
  if (!expect(ready && scratch.size != 0)) port::exit(1);
  return scratch;
}

}  // namespace bareheap::kernel_test
