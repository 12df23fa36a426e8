// SPDX-License-Identifier: MIT
// Page tables with a granule of 4 KiB and 39 bits of address, so that translation starts at level 1 (Arm ARM, DDI 0487,
// "Translation using the 4KB granule"): an entry of level 1 covers 1 GiB, of level 2 2 MiB, of level 3 a page.
//
// Page 0 is not mapped. It holds the firmware's loop in which the other cores of a board wait, with their own MMUs off,
// until cpus.cpp starts them; then they take over these tables.
#include "ports/raspi3b/mmu.hpp"

#include "bareheap/core/bits.hpp"
#include "bareheap/core/region.hpp"
#include "ports/raspi3b/machine.hpp"
#include "ports/raspi3b/platform.hpp"

#include <cstddef>
#include <cstdint>

extern "C" {
extern char __image_start[];
extern char __text_end[];
extern char __rodata_end[];
extern char __guard_start[];
extern char __guard_end[];
extern char __heap_start[];
}

namespace bareheap::raspi3b {

namespace {

using Entry = std::uint64_t;

constexpr std::size_t page_size = 4096;
constexpr std::size_t block_size = 512 * page_size;
constexpr std::size_t entries_of_table = 512;

/// Memory up to here is mapped page by page; kernel.ld holds the image and the heap's region below it.
constexpr std::size_t page_tables = 2;

constexpr Entry unmapped = 0;

/// Bits of an entry (Arm ARM, "Translation table descriptor formats").
constexpr Entry table = 0b11;
constexpr Entry page = 0b11;
constexpr Entry block = 0b01;
constexpr Entry read_only = 1U << 7;
constexpr Entry inner_shareable = 0b11U << 8;
constexpr Entry accessed = 1U << 10;
constexpr Entry no_execute_at_el1 = Entry{1} << 53;
constexpr Entry no_execute_at_el0 = Entry{1} << 54;
constexpr Entry no_execute = no_execute_at_el1 | no_execute_at_el0;

/// Kinds of memory: their place in MAIR_EL1, which an entry names, and what stands there (Arm ARM, MAIR_EL1).
enum class Memory : unsigned { cached, device, uncached };
constexpr Entry index_of(Memory memory) noexcept { return static_cast<Entry>(memory) << 2; }
constexpr std::uint64_t attributes(Memory memory, std::uint64_t value) noexcept {
  return value << (static_cast<unsigned>(memory) * 8);
}
constexpr std::uint64_t memory_attributes = attributes(Memory::cached, 0xff)       // write-back, allocate on both
                                            | attributes(Memory::device, 0x04)     // nGnRE
                                            | attributes(Memory::uncached, 0x44);  // normal, in no cache

/// Shareability counts for cached memory only; all else is outer shareable whatever is written (Arm ARM, "Memory types
/// and attributes").
constexpr Entry cached_data = index_of(Memory::cached) | inner_shareable | accessed | no_execute;
constexpr Entry cached_constants = cached_data | read_only;
constexpr Entry cached_code = index_of(Memory::cached) | inner_shareable | accessed | read_only | no_execute_at_el0;
constexpr Entry uncached_data = index_of(Memory::uncached) | accessed | no_execute;
constexpr Entry device_data = index_of(Memory::device) | accessed | no_execute;

/// Arm ARM, TCR_EL1: 64 - 39 bits, tables are read through write-back inner shareable caches as they are written,
/// granule 4 KiB, no second half of addresses, physical addresses of 32 bits.
constexpr std::uint64_t translation_control = 25U | 0b01U << 8 | 0b01U << 10 | 0b11U << 12 | 0b00U << 14 | 1U << 23;

/// Arm ARM, SCTLR_EL1: the bits that are always 1, and MMU, data cache, stack pointer alignment check, instruction
/// cache, and that nothing writable is executed whatever its entry says.
constexpr std::uint64_t mmu_on = 1U << 0;
constexpr std::uint64_t system_control = 0x30d00800 | mmu_on | 1U << 2 | 1U << 3 | 1U << 12 | 1U << 19;

alignas(page_size) Entry level_1[entries_of_table];
alignas(page_size) Entry ram_and_devices[entries_of_table];
alignas(page_size) Entry core_devices[entries_of_table];
alignas(page_size) Entry pages[page_tables][entries_of_table];

Entry table_at(const Entry* entries) noexcept { return address_of(entries) | table; }

/// The entry of the page at `address`, which is below the first block.
Entry page_entry(std::size_t address) noexcept {
  if (address == 0) return unmapped;
  if (address >= address_of(__guard_start) && address < address_of(__guard_end)) return unmapped;
  const bool image = address >= address_of(__image_start);
  if (image && address < address_of(__text_end)) return address | page | cached_code;
  if (image && address < address_of(__rodata_end)) return address | page | cached_constants;
  return address | page | cached_data;
}

Entry block_entry(std::size_t address) noexcept {
  if (address < ram_end) return address | block | cached_data;
  if (address < devices_start) return address | block | uncached_data;
  return address | block | device_data;
}

static_assert(ram_end % block_size == 0 && devices_start % block_size == 0 && core_devices_start % block_size == 0);

/// Everything that is not written here is 0 and so unmapped.
void build_tables() noexcept {
  for (std::size_t i = 0; i < page_tables * entries_of_table; ++i) {
    pages[i / entries_of_table][i % entries_of_table] = page_entry(i * page_size);
  }
  for (std::size_t i = 0; i < entries_of_table; ++i) {
    ram_and_devices[i] = i < page_tables ? table_at(pages[i]) : block_entry(i * block_size);
  }
  core_devices[0] = core_devices_start | block | device_data;
  level_1[0] = table_at(ram_and_devices);
  level_1[1] = table_at(core_devices);
}

}  // namespace

void turn_on_mmu() noexcept {
  build_tables();
  // All that was written so far, by the loader and by us, went to memory past the caches. What an earlier program left
  // of these addresses in the caches must not come before it: dropped by address, since maintenance by set and way
  // reaches one core's caches only and is for powering down (Arm ARM, "Cache maintenance instructions"). The
  // instruction cache and the TLB may hold anything likewise.
  Platform::barrier();
  Platform::invalidate(Region::between(__image_start, __heap_start));
  asm volatile(
      "dsb sy\n"
      "ic iallu\n"
      "tlbi vmalle1\n"
      "dsb sy\n"
      "isb\n"
      "msr mair_el1, %0\n"
      "msr tcr_el1, %1\n"
      "msr ttbr0_el1, %2\n"
      "isb\n"
      "msr sctlr_el1, %3\n"
      "isb\n"
      :
      : "r"(memory_attributes), "r"(translation_control), "r"(address_of(level_1)), "r"(system_control)
      : "memory");
}

}  // namespace bareheap::raspi3b
