// SPDX-License-Identifier: MIT
// Page tables of Sv39 (RISC-V Privileged 20211203, sections 4.3 and 4.4): an entry of the root covers 1 GiB, of the
// next level 2 MiB, of the last a page. Whether memory is cached is no matter of theirs but of the place.
#include "ports/riscv64/mmu.hpp"

#include "bareheap/core/bits.hpp"
#include "bareheap/core/lock_policies.hpp"
#include "board/processor.hpp"
#include "ports/riscv64/cpu.hpp"
#include "ports/riscv64/machine.hpp"
#include "ports/riscv64/port.hpp"
#include "ports/riscv64/sbi.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

extern "C" {
extern char __image_start[];
extern char __text_end[];
extern char __rodata_end[];
extern char __guard_start[];
extern char __guard_end[];
extern char __heap_end[];
}

namespace bareheap::riscv64 {

namespace {

using Entry = std::uint64_t;

constexpr std::size_t entries_of_table = 512;
struct alignas(page_size) Table {
  Entry entries[entries_of_table];
};

/// Bits of an entry. Accessed and dirty are set from the start: the processor may fault instead of setting them
/// (section 4.3.1). A protected page keeps its entry and loses only the first bit.
constexpr Entry valid = 1U << 0;
constexpr Entry readable = 1U << 1;
constexpr Entry writable = 1U << 2;
constexpr Entry executable = 1U << 3;
constexpr Entry ever = valid | 1U << 5 | 1U << 6 | 1U << 7;  // global, accessed, dirty
constexpr Entry leaf = readable | writable | executable;
constexpr Entry kind_bits = 0x3ff;

constexpr Entry code = ever | readable | executable;
constexpr Entry constants = ever | readable;
constexpr Entry data = ever | readable | writable;

/// Above it an address would have to repeat its bit 38.

constexpr std::size_t table_limit = 32;
Table root;
Table tables[table_limit];
std::size_t tables_used = 0;

constexpr std::size_t bytes_of(unsigned level) noexcept { return page_size << (9 * level); }
constexpr bool is_table(Entry entry) noexcept { return (entry & valid) != 0 && (entry & leaf) == 0; }
constexpr Entry entry_for(std::uintptr_t address, Entry kind) noexcept { return address >> 12 << 10 | kind; }
constexpr std::uintptr_t address_in(Entry entry) noexcept { return entry >> 10 << 12; }

Entry& entry_in(Table& table, unsigned level, std::uintptr_t address) noexcept {
  return table.entries[address / bytes_of(level) % entries_of_table];
}

/// The table below an entry of `level`: there, or new and empty, or new and saying what the entry said. Null where
/// there is no page left for it.
Table* table_below(Entry& entry, unsigned level) noexcept {
  if (is_table(entry)) return reinterpret_cast<Table*>(address_in(entry));
  if (tables_used == table_limit) return nullptr;
  Table& table = tables[tables_used++];
  for (std::size_t i = 0; entry != 0 && i < entries_of_table; ++i) {
    table.entries[i] = entry_for(address_in(entry) + i * bytes_of(level - 1), entry & kind_bits);
  }
  asm volatile("fence w, w" : : : "memory");  // another CPU must not find the table before what is in it
  entry = entry_for(address_of(&table), valid);
  return &table;
}

bool map(std::uintptr_t start, std::uintptr_t end, Entry kind) noexcept {
  while (start < end) {
    unsigned level = 2;
    Table* table = &root;
    for (;; --level) {
      Entry& entry = entry_in(*table, level, start);
      const bool whole = is_aligned(start, bytes_of(level)) && end - start >= bytes_of(level);
      if (whole && entry == 0) {
        entry = entry_for(start, kind);
        break;
      }
      if (level == 0 || (entry != 0 && !is_table(entry))) return false;
      table = table_below(entry, level);
      if (table == nullptr) return false;
    }
    start += bytes_of(level);
  }
  return true;
}

/// The entry that decides about an address, and its level.
Entry& deciding_entry(std::uintptr_t address, unsigned& level) noexcept {
  Entry* entry = &entry_in(root, level = 2, address);
  while (is_table(*entry)) entry = &entry_in(*table_below(*entry, level), level - 1, address), --level;
  return *entry;
}

/// The entry of one page of RAM that data is in or was in before it was protected; null where it is none.
Entry* data_page(std::uintptr_t address) noexcept {
  if (!is_aligned(address, page_size) || address >= address_end) return nullptr;
  unsigned level = 0;
  Entry* entry = &deciding_entry(address, level);
  if (((*entry | valid) & kind_bits) != data || address < address_of(__image_start)) return nullptr;
  for (; level != 0; --level) {
    Table* table = table_below(*entry, level);
    if (table == nullptr) return nullptr;
    entry = &entry_in(*table, level - 1, address);
  }
  return entry;
}

bool map_image() noexcept {
  const std::uintptr_t image = address_of(__image_start);
  bool mapped = map(image, address_of(__text_end), code);
  mapped = mapped && map(address_of(__text_end), address_of(__rodata_end), constants);
  mapped = mapped && map(address_of(__rodata_end), address_of(__heap_end), data);
  for (std::uintptr_t page = address_of(__guard_start); mapped && page < address_of(__guard_end); page += page_size) {
    Entry* entry = data_page(page);
    mapped = entry != nullptr;
    if (mapped) *entry &= ~valid;
  }
  return mapped;
}

bool map_ram(const port::MemoryMap& memory) noexcept {
  bool mapped = true;
  port::each_stretch(memory.memory.all(), memory.unmappable.all(), address_of(__heap_end),
                     [&](port::Stretch stretch) noexcept {
                       const std::uint64_t end = std::min(stretch.end, address_end);
                       mapped = mapped && map(stretch.start, end, data);
                     });
  return mapped;
}

bool holds_kernel(const port::MemoryMap& memory) noexcept {
  return std::ranges::any_of(memory.memory.all(), [](const port::Stretch& piece) {
    return piece.contains(address_of(__image_start)) && piece.contains(address_of(__heap_end) - 1);
  });
}

constinit SpinWithInterruptsSaved<port::BoardProcessor> lock;

/// What CPUs remember of an entry that has changed (section 4.2.1).
void forget_everywhere() noexcept {
  asm volatile("fence rw, rw\nsfence.vma" : : : "memory");
  for (const Cpu& cpu : riscv64_cpus) {
    const bool other = &cpu != &this_cpu() && cpu.state.load(std::memory_order_acquire) == CpuState::running;
    if (other && !sbi::fence_hart(cpu.hart)) stop("the firmware cannot make another CPU forget page tables");
  }
}

bool change_page(std::uintptr_t page, bool protect) noexcept {
  if (Region::between(__guard_start, __guard_end).contains(reinterpret_cast<std::byte*>(page))) return false;
  SpinWithInterruptsSaved<port::BoardProcessor>::State state;
  lock.lock(state, nullptr);
  Entry* entry = data_page(page);
  const bool changes = entry != nullptr && ((*entry & valid) != 0) == protect;
  if (changes) {
    *entry ^= valid;
    forget_everywhere();
  }
  lock.unlock(state, nullptr);
  return changes;
}

}  // namespace

const char* turn_on_mmu(const port::MemoryMap& memory) noexcept {
  if (!holds_kernel(memory)) return "the device tree reports no memory where the kernel is";
  if (!map_image() || !map_ram(memory)) return "the memory is in more pieces than there are page tables for";
  asm volatile(
      "sfence.vma\n"
      "csrw satp, %0\n"
      "sfence.vma\n"
      :
      : "r"(page_table_of_kernel())
      : "memory");
  return nullptr;
}

std::uint64_t page_table_of_kernel() noexcept {
  constexpr std::uint64_t sv39 = std::uint64_t{8} << 60;
  return sv39 | address_of(&root) >> 12;
}

bool map_device(std::uintptr_t start, std::size_t size) noexcept {
  if (!is_aligned(start, page_size) || !is_aligned(size, page_size)) return false;
  if (start >= address_end || size > address_end - start) return false;
  SpinWithInterruptsSaved<port::BoardProcessor>::State state;
  lock.lock(state, nullptr);
  const bool mapped = map(start, start + size, data);
  forget_everywhere();
  lock.unlock(state, nullptr);
  return mapped;
}

bool protect_page(std::byte* page) noexcept { return change_page(address_of(page), true); }

bool unprotect_page(std::byte* page) noexcept { return change_page(address_of(page), false); }

bool is_protected(std::uintptr_t address) noexcept {
  if (address >= address_end) return false;
  unsigned level = 0;
  const Entry entry = deciding_entry(address, level);
  return entry != 0 && (entry & valid) == 0;
}

}  // namespace bareheap::riscv64
