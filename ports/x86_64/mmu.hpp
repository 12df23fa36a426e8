// SPDX-License-Identifier: MIT
#pragma once

#include "ports/x86_64/memory_map.hpp"

#include <cstddef>
#include <cstdint>

namespace bareheap::x86_64 {

/// Builds the memory map that kernel.ld draws, in tables that it takes from the upper end of the `usable` memory below
/// 4 GiB, and makes this CPU use it. Every address stays what it was. Ends the kernel with a sentence where no memory
/// is left for the tables. Called once, by CPU 0.
void turn_on_paging(MemoryMap& usable) noexcept;

/// The table of level 4 that this CPU uses, for a Mapper.
std::byte* page_tables() noexcept;

/// What this CPU remembers of the tables, as a TranslationCache.
struct Translations {
  static void drop(std::uintptr_t page) noexcept { asm volatile("invlpg (%0)" : : "r"(page) : "memory"); }

  static void drop_all() noexcept {
    std::uint64_t tables = 0;
    asm volatile(
        "movq %%cr3, %0\n"
        "movq %0, %%cr3\n"
        : "=r"(tables)
        :
        : "memory");
  }
};

}  // namespace bareheap::x86_64
