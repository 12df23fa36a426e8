// SPDX-License-Identifier: MIT
// Sv39 (RISC-V Privileged 20211203, section 4.4): the last GiB of the addresses is the last entry of the root table.
#include "bareheap/core/operations.hpp"
#include "kernel/heap.hpp"
#include "kernel/machine/last_page.hpp"
#include "ports/riscv64/mmu.hpp"

namespace bareheap::kernel_test {

namespace {

using Entry = std::uint64_t;

constexpr std::size_t page_size = 4096;
constexpr std::size_t entries_of_table = 512;
constexpr Entry valid = 1;
constexpr Entry data = 0xc7;  // valid, readable, writable, accessed, dirty

Entry entry_for(const void* page, Entry kind) noexcept { return address_of(page) / page_size << 10 | kind; }

/// A new table, empty, or null.
Entry* take_table() noexcept {
  return reinterpret_cast<Entry*>(allocate_zeroed(program_heap, Layout(page_size, page_size)).at);
}

}  // namespace

bool map_at_the_end(Region memory) noexcept {
  Entry* const middle = take_table();
  Entry* const lowest = take_table();
  if (middle == nullptr || lowest == nullptr) return false;
  const std::size_t pages = memory.size / page_size;
  for (std::size_t page = 0; page < pages; ++page) {
    lowest[entries_of_table - pages + page] = entry_for(memory.start + page * page_size, data);
  }
  middle[entries_of_table - 1] = entry_for(lowest, valid);
  constexpr std::uint64_t number_bits = (std::uint64_t{1} << 44) - 1;  // of satp: the root's page
  auto* const root = reinterpret_cast<Entry*>((riscv64::page_table_of_kernel() & number_bits) * page_size);
  root[entries_of_table - 1] = entry_for(middle, valid);
  asm volatile("sfence.vma" : : : "memory");
  return true;
}

}  // namespace bareheap::kernel_test
