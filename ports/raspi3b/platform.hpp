// SPDX-License-Identifier: MIT
// The Cortex-A53 of the Raspberry Pi 3 as a Platform.
#pragma once

#include "bareheap/core/bits.hpp"
#include "bareheap/core/platform.hpp"
#include "bareheap/core/region.hpp"
#include "ports/raspi3b/machine.hpp"

#include <cstddef>
#include <cstdint>

namespace bareheap::raspi3b {

/// QEMU has neither caches nor reordering, so nothing here but the register accesses can be seen to matter there.
struct Platform {
  static void write_register(std::uintptr_t address, std::uint32_t value) noexcept {
    *reinterpret_cast<volatile std::uint32_t*>(address) = value;
  }

  static std::uint32_t read_register(std::uintptr_t address) noexcept {
    return *reinterpret_cast<const volatile std::uint32_t*>(address);
  }

  /// To the point of coherency, where the GPU looks (Arm ARM, DDI 0487, "DC CVAC, Data or unified Cache line Clean by
  /// VA to PoC").
  static void clean(Region region) noexcept {
    each_line(region, [](std::uintptr_t line) noexcept { asm volatile("dc cvac, %0" : : "r"(line) : "memory"); });
  }

  /// "DC IVAC" drops a line without writing it back, even where it was written to: what the device put into memory
  /// stays. The price is that the region must own its lines, which allocate_message_buffer() sees to.
  static void invalidate(Region region) noexcept {
    each_line(region, [](std::uintptr_t line) noexcept { asm volatile("dc ivac, %0" : : "r"(line) : "memory"); });
  }

  /// Of the barriers only DSB also waits for cache maintenance (Arm ARM, "Ordering and completion of data and
  /// instruction cache instructions"), and only SY reaches the GPU, which no shareability domain of ours contains.
  static void barrier() noexcept { asm volatile("dsb sy" : : : "memory"); }

 private:
  template <class Instruction>
  static void each_line(Region region, Instruction instruction) noexcept {
    const std::uintptr_t end = address_of(region.start) + region.size;
    for (std::uintptr_t line = align_down(address_of(region.start), cache_line_size); line < end;
         line += cache_line_size) {
      instruction(line);
    }
  }
};

static_assert(bareheap::Platform<Platform>);

}  // namespace bareheap::raspi3b
