// SPDX-License-Identifier: MIT
// A PC as numbers: where its devices are. Nothing here touches the machine, so the tests on the host include it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bareheap::x86_64 {

inline constexpr std::size_t page_size = 4096;

/// What one entry of the second lowest page table maps (Intel SDM volume 3, section 4.5).
inline constexpr std::size_t large_page_size = 512 * page_size;

/// CPUs that the port has room for: exception stacks in kernel.ld, and state.
inline constexpr std::uint32_t most_cpus = 8;

/// Below are the firmware's data, old devices and the trampoline: the heap gets nothing of it.
inline constexpr std::uint64_t low_memory_end = 0x100000;

/// Where the further CPUs start: a page below 1 MiB, as they start in real mode (boot.S says the same).
inline constexpr std::uintptr_t trampoline_address = 0x8000;

/// The 16550 of the first serial line (PC16550D data sheet, section 8): addresses in the space of I/O ports.
namespace com1 {
inline constexpr std::uint16_t data = 0x3f8;
inline constexpr std::uint16_t interrupt_enable = 0x3f9;
inline constexpr std::uint16_t queue_control = 0x3fa;
inline constexpr std::uint16_t line_control = 0x3fb;
inline constexpr std::uint16_t modem_control = 0x3fc;
inline constexpr std::uint16_t line_status = 0x3fd;

inline constexpr std::uint8_t line_8_bits = 0x03;
inline constexpr std::uint8_t divisor_shown = 0x80;
inline constexpr std::uint8_t queues_on_and_empty = 0x07;
inline constexpr std::uint8_t ready_both_ways = 0x03;
inline constexpr std::uint8_t status_received = 0x01;
inline constexpr std::uint8_t status_room = 0x20;
inline constexpr std::uint8_t status_idle = 0x40;
}  // namespace com1

/// QEMU's isa-debug-exit at the address that it is given on the command line: a value v ends QEMU with status 2v + 1.
namespace exit_device {
inline constexpr std::uint16_t port = 0xf4;
inline constexpr std::uint32_t success = 0x10;  ///< QEMU's status 33
inline constexpr std::uint32_t failure = 0x11;  ///< QEMU's status 35
}  // namespace exit_device

}  // namespace bareheap::x86_64
