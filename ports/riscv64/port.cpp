// SPDX-License-Identifier: MIT
// QEMU's virt as a port.
#include "ports/riscv64/port.hpp"

#include "bareheap/core/bits.hpp"
#include "bareheap/core/layout.hpp"
#include "bareheap/core/region.hpp"
#include "bareheap/core/text.hpp"
#include "ports/common/device_tree.hpp"
#include "ports/common/memory_map.hpp"
#include "ports/common/port.hpp"
#include "ports/common/report.hpp"
#include "ports/common/start.hpp"
#include "ports/riscv64/cpu.hpp"
#include "ports/riscv64/machine.hpp"
#include "ports/riscv64/mmu.hpp"
#include "ports/riscv64/sbi.hpp"
#include "ports/riscv64/uart.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace bareheap::riscv64 {

namespace {

constinit Uart uart{usual_uart};
constinit std::uintptr_t device_that_ends = usual_test_device;
constinit Board machine;
constinit port::DeviceTree tree;  // not on the boot stack, which it would fill more than all that follows

/// Null, or a sentence. The tree lies wherever the firmware has put it; as much of it is looked at as its header
/// claims.
const char* read_device_tree(std::uint64_t hart, const std::byte* blob) noexcept {
  if (blob == nullptr || !is_aligned(address_of(blob), 8)) return "the firmware hands over no device tree";
  const std::size_t size = port::DeviceTree::claimed_size(std::span<const std::byte, 8>(blob, 8));
  if (size == 0) return "there is no device tree where the firmware says that it is";
  if (const char* fault = tree.open({blob, size})) return fault;
  return read_board(tree, {address_of(blob), size}, hart, machine);
}

/// By the device that takes a status with it, else by the firmware, which takes none. The device may be slow, so
/// nothing else is tried where there is one.
void end_machine(int status) noexcept {
  if (device_that_ends == 0) return sbi::shut_down(status == 0);
  const std::uint32_t shown = static_cast<std::uint32_t>(status) << test_device::status_shift;
  *reinterpret_cast<volatile std::uint32_t*>(device_that_ends) =
      status == 0 ? test_device::pass : test_device::fail | shown;
}

bool map_devices() noexcept {
  return map_device(uart.base(), page_size) && (device_that_ends == 0 || map_device(device_that_ends, page_size));
}

}  // namespace

const Board& board() noexcept { return machine; }

void stop(const char* sentence) noexcept {
  port::begin_report();
  put_text(port::serial, "riscv64: ");
  put_text(port::serial, sentence);
  put_text(port::serial, "\n");
  port::exit(1);
}

/// Where boot.S goes on. Serial line first: from then on a fault can be told of.
extern "C" [[noreturn]] void riscv64_start(std::uint64_t hart, const std::byte* device_tree) noexcept {
  this_cpu().hart = hart;
  this_cpu().state = CpuState::running;
  uart.configure();
  if (const char* fault = read_device_tree(hart, device_tree)) stop(fault);
  if (machine.uart == 0) stop("the device tree has no serial line that this kernel knows");
  uart = Uart(machine.uart);
  device_that_ends = machine.test_device;
  uart.configure();
  if (const char* fault = turn_on_mmu(machine.map)) stop(fault);
  if (!map_devices()) stop("the devices cannot be mapped");
  port::start_program();
}

}  // namespace bareheap::riscv64

namespace bareheap::port {

void write(const char* characters, std::size_t size) noexcept { riscv64::uart.write(characters, size); }

int read() noexcept { return riscv64::uart.read(); }

void exit(int status) noexcept {
  if (begin_exit()) {
    riscv64::uart.flush();
    riscv64::end_machine(status);
  }
  halt();
}

/// sie too: an interrupt that is pending and enabled would end each WFI at once.
void halt() noexcept {
  asm volatile("csrw sie, zero\ncsrci sstatus, 2");
  for (;;) asm volatile("wfi");
}

Layout memory_question() noexcept { return Layout(0, 1); }

bool memory_after_heap(std::byte*, RegionSink sink) noexcept {
  const MemoryMap& map = riscv64::board().map;
  each_stretch(map.memory.all(), map.reserved.all(), address_of(heap_region().end()), [&](Stretch stretch) noexcept {
    const std::uint64_t end = std::min(stretch.end, riscv64::address_end);
    if (stretch.start < end) sink({reinterpret_cast<std::byte*>(stretch.start), end - stretch.start});
  });
  return true;
}

}  // namespace bareheap::port
