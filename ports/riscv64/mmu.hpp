// SPDX-License-Identifier: MIT
#pragma once

#include "ports/common/memory_map.hpp"

#include <cstddef>
#include <cstdint>

namespace bareheap::riscv64 {

/// Addresses from here on have no translation in which they stay what they are (Privileged ISA, Sv39).
inline constexpr std::uint64_t address_end = std::uint64_t{1} << 38;

/// Builds the memory map that kernel.ld draws and turns the MMU on. Every address stays what it was. Called once. Null,
/// or a sentence, and then the MMU is off: the machine reports no memory where the kernel is, or it is in too many
/// pieces.
[[nodiscard]] const char* turn_on_mmu(const port::MemoryMap& map) noexcept;

/// What a further CPU writes into its satp.
std::uint64_t page_table_of_kernel() noexcept;

/// Maps a device's registers, whole pages, to read and write. False where something is mapped there already, where no
/// address of Sv39 reaches, and where no page is left for page tables.
[[nodiscard]] bool map_device(std::uintptr_t start, std::size_t size) noexcept;

/// Unmaps a page of RAM: whoever touches it stops with "stack overflow". For the page below a stack that a kernel has
/// made. On all CPUs when it returns, and to be called on any of them. False, and nothing changed, where it is no page
/// of RAM that data is in, where it is unmapped already, and where no page is left for page tables: of these there are
/// 32 in all, and every 2 MiB in which something is protected take one, every 1 GiB another.
[[nodiscard]] bool protect_page(std::byte* page) noexcept;

/// Maps a page again that protect_page() unmapped. False where it did not.
[[nodiscard]] bool unprotect_page(std::byte* page) noexcept;

/// True for the addresses below the boot stack and in pages of protect_page().
bool is_protected(std::uintptr_t address) noexcept;

}  // namespace bareheap::riscv64
