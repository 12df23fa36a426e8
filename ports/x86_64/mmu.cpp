// SPDX-License-Identifier: MIT
#include "ports/x86_64/mmu.hpp"

#include "bareheap/core/bits.hpp"
#include "bareheap/core/region.hpp"
#include "ports/x86_64/local_apic.hpp"
#include "ports/x86_64/machine.hpp"
#include "ports/x86_64/mapper.hpp"
#include "ports/x86_64/stop.hpp"

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

namespace bareheap::x86_64 {

namespace {

/// Pages of usable memory, for good: below 4 GiB, where a CPU that comes up in 32 bits can name them and the first
/// tables (boot.S) reach them.
class TableFrames {
 public:
  explicit TableFrames(MemoryMap& usable) noexcept : usable_(usable) {}

  std::byte* take() noexcept {
    constexpr std::uint64_t highest_end = std::uint64_t{1} << 32;
    std::byte* const frame = reinterpret_cast<std::byte*>(usable_.take_page_below(highest_end));
    if (frame == nullptr) stop("no memory is left for the page tables");
    return frame;
  }
  void give(std::byte*) noexcept {}
  bool owns(const std::byte*) noexcept { return false; }

 private:
  MemoryMap& usable_;
};

using TableMapper = Mapper<TableFrames, Translations>;

constexpr Access code{.execute = true};
constexpr Access constants{};
constexpr Access data{.write = true};
constexpr Access device{.write = true, .cached = false};

void check(MapFault fault) noexcept {
  if (fault != MapFault::none) stop(sentence(fault));
}

void map_pages(TableMapper& mapper, std::uintptr_t start, std::uintptr_t end, Access access) noexcept {
  for (std::uintptr_t page = start; page < end;) {
    const auto* const frame = reinterpret_cast<const std::byte*>(page);
    if (is_aligned(page, large_page_size) && end - page >= large_page_size) {
      check(mapper.map_large(page, frame, access));
      page += large_page_size;
    } else {
      check(mapper.map(page, frame, access));
      page += page_size;
    }
  }
}

void map_image(TableMapper& mapper) noexcept {
  map_pages(mapper, address_of(__image_start), address_of(__text_end), code);
  map_pages(mapper, address_of(__text_end), address_of(__rodata_end), constants);
  map_pages(mapper, address_of(__rodata_end), address_of(__guard_start), data);
  map_pages(mapper, address_of(__guard_end), address_of(__heap_end), data);
}

}  // namespace

void turn_on_paging(MemoryMap& usable) noexcept {
  const MemoryMap ram = usable;  // the tables' own frames included, which usable loses
  TableFrames frames(usable);
  std::byte* const root = frames.take();
  __builtin_memset(root, 0, page_size);
  TableMapper mapper(root, frames);
  map_image(mapper);
  for (const Stretch& stretch : ram.stretches()) map_pages(mapper, stretch.start, stretch.end, data);
  const std::uintptr_t apic = align_down(local_apic_address(), page_size);
  check(mapper.map(apic, reinterpret_cast<const std::byte*>(apic), device));
  asm volatile("movq %0, %%cr3" : : "r"(root) : "memory");
}

std::byte* page_tables() noexcept {
  std::uint64_t tables = 0;
  asm volatile("movq %%cr3, %0" : "=r"(tables));
  return reinterpret_cast<std::byte*>(align_down(tables, page_size));
}

}  // namespace bareheap::x86_64
