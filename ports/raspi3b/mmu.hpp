// SPDX-License-Identifier: MIT
#pragma once

namespace bareheap::raspi3b {

/// Builds the memory map that kernel.ld draws and turns on MMU, data cache and instruction cache. Every address stays
/// what it was. Called once, by core 0, at EL1, with all three off. Before it, exclusives (LDXR and STXR, and so
/// std::atomic and locks) must not be used, nor unaligned accesses: without MMU all memory is device memory (Arm ARM,
/// DDI 0487, section D8.2.10), where the former need not work (section B2.12) and the latter fault. QEMU does not show
/// the former.
void turn_on_mmu() noexcept;

/// True when memory has its caches, and exclusives work.
bool mmu_is_on() noexcept;

}  // namespace bareheap::raspi3b
