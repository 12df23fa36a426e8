// SPDX-License-Identifier: MIT
// The Raspberry Pi 3 as numbers: where its memory and its devices are. Nothing here touches the machine, so the tests
// on the host include it.
#pragma once

#include "bareheap/core/region.hpp"

#include <cstddef>
#include <cstdint>

namespace bareheap::raspi3b {

/// Bytes of a cache line, in the first and the second level alike (Cortex-A53 TRM, DDI 0500, sections 6.1 and 7.1).
inline constexpr std::size_t cache_line_size = 64;

/// Where the ARM's share of RAM can end at most: with `gpu_mem=64` it ends here, with more for the GPU before. From
/// here on the memory map has no caches, so that what is drawn reaches the screen.
inline constexpr std::uintptr_t ram_end = 0x3c000000;

/// The devices that the GPU and the ARM share (BCM2835 ARM Peripherals, section 1.2.3, moved from 0x20000000 in
/// BCM2837).
inline constexpr std::uintptr_t devices_start = 0x3f000000;

/// The devices of the four cores alone (ARM Quad A7 core, QA7 rev 3.4).
inline constexpr std::uintptr_t core_devices_start = 0x40000000;

/// The cores, and what the port has room for.
inline constexpr std::uint32_t cpus = 4;

/// The cores' own interrupt controller: a register of each kind for each core, 4 bytes apart, of the mailboxes 16, as a
/// core has four of them (QA7 rev 3.4, "Core timers interrupts", "Core mailboxes interrupts", "Core interrupt sources"
/// and "Core mailboxes").
namespace core_interrupts {
inline constexpr std::uintptr_t timer_control = core_devices_start + 0x40;
inline constexpr std::uintptr_t mailbox_control = core_devices_start + 0x50;
inline constexpr std::uintptr_t source = core_devices_start + 0x60;
inline constexpr std::uintptr_t mailbox_set = core_devices_start + 0x80;
inline constexpr std::uintptr_t mailbox_clear = core_devices_start + 0xc0;  ///< reads as what is set

/// Of timer_control and of the sources: the timer that is CNTP in the non-secure state.
inline constexpr std::uint32_t physical_timer = 1U << 1;

/// Of the sources.
inline constexpr std::uint32_t mailbox_0 = 1U << 4;
}  // namespace core_interrupts

/// Addresses that the GPU answers with are bus addresses: the two uppermost bits say which caches of the GPU lie before
/// the memory (BCM2835 ARM Peripherals, section 1.2.4). The ARM sees the same memory without these bits.
inline constexpr std::uint32_t bus_address_mask = 0x3fffffff;

/// BCM2835 ARM Peripherals, section 6.1.
namespace gpio {
inline constexpr std::uintptr_t function_select = devices_start + 0x200000;  ///< six registers of ten pins each
inline constexpr std::uintptr_t pull = devices_start + 0x200094;
inline constexpr std::uintptr_t pull_clock = devices_start + 0x200098;
}  // namespace gpio

/// The PL011 (PL011 TRM, DDI 0183, section 3.2; BCM2835 ARM Peripherals, section 13.4).
namespace pl011 {
inline constexpr std::uintptr_t data = devices_start + 0x201000;
inline constexpr std::uintptr_t flags = devices_start + 0x201018;
inline constexpr std::uintptr_t integer_divisor = devices_start + 0x201024;
inline constexpr std::uintptr_t fraction_divisor = devices_start + 0x201028;
inline constexpr std::uintptr_t line_control = devices_start + 0x20102c;
inline constexpr std::uintptr_t control = devices_start + 0x201030;
inline constexpr std::uintptr_t interrupt_mask = devices_start + 0x201038;
inline constexpr std::uintptr_t interrupt_clear = devices_start + 0x201044;

inline constexpr std::uint32_t flag_busy = 1U << 3;
inline constexpr std::uint32_t flag_receiver_empty = 1U << 4;
inline constexpr std::uint32_t flag_transmitter_full = 1U << 5;
inline constexpr std::uint32_t line_8_bits_with_queues = 0x60 | 0x10;
inline constexpr std::uint32_t control_enabled_both_ways = 1U << 0 | 1U << 8 | 1U << 9;
}  // namespace pl011

/// The two mailboxes between ARM and GPU (Raspberry Pi firmware wiki, "Mailboxes"): the ARM reads mailbox 0 and writes
/// mailbox 1, and each has a status of its own.
namespace mailbox {
inline constexpr std::uintptr_t read = devices_start + 0xb880;
inline constexpr std::uintptr_t read_status = devices_start + 0xb898;
inline constexpr std::uintptr_t write = devices_start + 0xb8a0;
inline constexpr std::uintptr_t write_status = devices_start + 0xb8b8;

inline constexpr std::uint32_t status_empty = 1U << 30;
inline constexpr std::uint32_t status_full = 1U << 31;
}  // namespace mailbox

}  // namespace bareheap::raspi3b
