// SPDX-License-Identifier: MIT
#include "kernel/heap.hpp"
#include "kernel/machine/last_page.hpp"
#include "ports/x86_64/mapper.hpp"
#include "ports/x86_64/mmu.hpp"

namespace bareheap::kernel_test {

namespace {

constexpr Layout frame_layout(x86_64::page_size, x86_64::page_size);

struct Frames {
  static std::byte* take() noexcept { return program_heap.allocate(frame_layout).at; }
  static void give(std::byte* frame) noexcept { program_heap.deallocate(frame, frame_layout); }
  static bool owns(std::byte* frame) noexcept { return program_heap.owns(frame); }
};

}  // namespace

bool map_at_the_end(Region memory) noexcept {
  Frames frames;
  x86_64::Mapper<Frames, x86_64::Translations> mapper(x86_64::page_tables(), frames);
  for (std::size_t offset = 0; offset < memory.size; offset += x86_64::page_size) {
    const auto fault = mapper.map(offset - memory.size, memory.start + offset, {.write = true});
    if (fault != x86_64::MapFault::none) return false;
  }
  return true;
}

}  // namespace bareheap::kernel_test
