// SPDX-License-Identifier: MIT
// The Raspberry Pi 3 as a port.
#include "ports/common/port.hpp"

#include "bareheap/core/bits.hpp"
#include "bareheap/core/layout.hpp"
#include "bareheap/core/region.hpp"
#include "ports/common/report.hpp"
#include "ports/common/start.hpp"
#include "ports/raspi3b/arm_memory.hpp"
#include "ports/raspi3b/core_mailbox.hpp"
#include "ports/raspi3b/machine.hpp"
#include "ports/raspi3b/message_buffer.hpp"
#include "ports/raspi3b/mmu.hpp"
#include "ports/raspi3b/platform.hpp"
#include "ports/raspi3b/uart.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace bareheap::raspi3b {

namespace {

using Serial = Uart<Platform>;

/// What the firmware handed over in x0.
const std::byte* device_tree = nullptr;

/// The bytes of the device tree, or nothing where there is none in mapped RAM: its header starts with a magic number
/// and its size, both with the highest byte first (Devicetree specification 0.4, section 5.2).
Region device_tree_region(Region ram) noexcept {
  constexpr std::uint32_t magic = 0xd00dfeed;
  const bool readable =
      address_of(device_tree) >= 0x1000 && is_aligned(address_of(device_tree), 8) && ram.contains(device_tree);
  if (!readable) return {};
  const auto* header = reinterpret_cast<const std::uint32_t*>(device_tree);
  if (std::byteswap(header[0]) != magic) return {};
  return {const_cast<std::byte*>(device_tree), std::byteswap(header[1])};
}

}  // namespace

/// Where boot.S goes on. Serial line first: from then on a fault can be told of.
extern "C" [[noreturn]] void raspi3b_start(const std::byte* device_tree_of_firmware) noexcept {
  device_tree = device_tree_of_firmware;
  Serial::configure(firmware_uart_clock);
  turn_on_mmu();
  CoreMailbox::open();
  port::start_program();
}

}  // namespace bareheap::raspi3b

namespace bareheap::port {

void write(const char* characters, std::size_t size) noexcept { raspi3b::Serial::write(characters, size); }

int read() noexcept { return raspi3b::Serial::read(); }

/// By semihosting (Arm "Semihosting for AArch32 and AArch64", SYS_EXIT): QEMU ends when it was started with
/// -semihosting. Without, and on a board without debugger, the instruction is undefined (Arm ARM, DDI 0487, "HLT") and
/// its exception comes to halt() by way of begin_report().
void exit(int status) noexcept {
  if (begin_exit()) {
    raspi3b::Serial::flush();
    constexpr std::uint64_t application_exit = 0x20026;
    const std::uint64_t reason[2] = {application_exit, static_cast<std::uint64_t>(status)};
    register std::uint64_t operation asm("x0") = 0x18;
    register const std::uint64_t* parameter asm("x1") = reason;
    asm volatile("hlt #0xf000" : "+r"(operation) : "r"(parameter) : "memory");
  }
  halt();
}

void halt() noexcept {
  asm volatile("msr daifset, #0b1111");
  for (;;) asm volatile("wfi");
}

Layout memory_question() noexcept { return raspi3b::message_layout(raspi3b::arm_memory_message_words); }

bool memory_after_heap(std::byte* question, RegionSink sink) noexcept {
  const std::span<std::uint32_t> message(reinterpret_cast<std::uint32_t*>(question), raspi3b::arm_memory_message_words);
  const std::optional<Region> ram = raspi3b::arm_memory<raspi3b::Platform>(message);
  if (!ram) return false;
  raspi3b::show_memory_from(heap_region().end(), *ram, raspi3b::device_tree_region(*ram), sink);
  return true;
}

}  // namespace bareheap::port
