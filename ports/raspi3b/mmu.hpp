// SPDX-License-Identifier: MIT
#pragma once

namespace bareheap::raspi3b {

/// Builds the memory map that kernel.ld draws and turns on MMU, data cache and instruction cache. Every address stays
/// what it was. Called once, by core 0, at EL1, with all three off.
///
/// Before it all memory is device memory (Arm ARM, DDI 0487I.a, section D8.2.10), where unaligned accesses fault and
/// exclusives (LDXR and STXR, and so std::atomic and locks) need not work ("Load-Exclusive and Store-Exclusive
/// instruction usage restrictions"): neither may be used. QEMU shows neither.
void turn_on_mmu() noexcept;

}  // namespace bareheap::raspi3b
