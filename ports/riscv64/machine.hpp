// SPDX-License-Identifier: MIT
// QEMU's virt as numbers. Nothing here touches the machine, so the tests on the host include it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bareheap::riscv64 {

inline constexpr std::size_t page_size = 4096;

/// CPUs that the port has room for: kernel.ld has as many exception stacks, and monitor.S as many records.
inline constexpr std::uint32_t cpu_limit = 8;

/// Where the two devices that the port uses are until the device tree has been read (QEMU, hw/riscv/virt.c): a tree
/// that cannot be read has to be told of.
inline constexpr std::uintptr_t usual_uart = 0x10000000;
inline constexpr std::uintptr_t usual_test_device = 0x100000;

/// The 16550 (PC16550D data sheet, Texas Instruments SNLS378, table 2). Registers are bytes, one after another.
namespace uart_16550 {
inline constexpr std::uintptr_t data = 0;
inline constexpr std::uintptr_t interrupt_enable = 1;
inline constexpr std::uintptr_t queue_control = 2;
inline constexpr std::uintptr_t line_control = 3;
inline constexpr std::uintptr_t line_status = 5;

inline constexpr std::uint8_t queue_on = 1;
inline constexpr std::uint8_t line_8_bits = 3;
inline constexpr std::uint8_t status_received = 1U << 0;
inline constexpr std::uint8_t status_transmitter_ready = 1U << 5;
inline constexpr std::uint8_t status_transmitter_empty = 1U << 6;
}  // namespace uart_16550

/// The device that ends QEMU (QEMU, hw/misc/sifive_test.c): the lower half says how, the upper half is the status.
namespace test_device {
inline constexpr std::uint32_t pass = 0x5555;
inline constexpr std::uint32_t fail = 0x3333;
inline constexpr unsigned status_shift = 16;
}  // namespace test_device

}  // namespace bareheap::riscv64
