// SPDX-License-Identifier: MIT
// A PC as a port.
#include "ports/common/port.hpp"

#include "bareheap/core/bits.hpp"
#include "bareheap/core/layout.hpp"
#include "bareheap/core/region.hpp"
#include "bareheap/core/text.hpp"
#include "ports/common/report.hpp"
#include "ports/common/start.hpp"
#include "ports/x86_64/acpi.hpp"
#include "ports/x86_64/cpu.hpp"
#include "ports/x86_64/cpus.hpp"
#include "ports/x86_64/io.hpp"
#include "ports/x86_64/machine.hpp"
#include "ports/x86_64/memory_map.hpp"
#include "ports/x86_64/mmu.hpp"
#include "ports/x86_64/stop.hpp"
#include "ports/x86_64/uart.hpp"

#include <cstddef>
#include <cstdint>

extern "C" {
extern char __image_start[];
extern char __heap_end[];
}

namespace bareheap::x86_64 {

namespace {

using Serial = Uart<Io>;

/// The RAM that nobody uses.
constinit MemoryMap free_memory;

/// What the first tables map (boot.S), but for address 0. QEMU's memory map lies in page 0.
PhysicalMemory first_4_gib() noexcept { return {{reinterpret_cast<std::byte*>(1), (std::size_t{1} << 32) - 1}, 1}; }

void read_start_information(std::uint64_t address) noexcept {
  const StartInformation start = StartReader(first_4_gib()).read(address);
  if (start.fault != StartFault::none) stop(sentence(start.fault));
  free_memory = start.usable;
  const Region image = Region::between(__image_start, __heap_end);
  if (!free_memory.contains(address_of(image.start), address_of(image.end()))) {
    stop("the memory that the kernel needs is not all RAM");
  }
  free_memory.remove(address_of(image.start), image.size);
  AcpiReader(first_4_gib()).read(start.acpi, known_cpus(), [](std::uint64_t address, std::uint64_t size) {
    free_memory.remove(address, size);
  });
  place_trampoline();
}

}  // namespace

void stop(const char* sentence) noexcept {
  port::begin_report();
  put_text(port::serial, "x86_64: ");
  put_text(port::serial, sentence);
  put_text(port::serial, "\n");
  port::exit(1);
}

/// Where boot.S goes on. Serial line first, then the exceptions: from then on a fault can be told of.
extern "C" [[noreturn]] void x86_64_start(std::uint64_t start_information) noexcept {
  Serial::configure();
  load_descriptors(0);
  read_start_information(start_information);
  turn_on_paging(free_memory);
  prepare_interrupts();
  port::start_program();
}

}  // namespace bareheap::x86_64

namespace bareheap::port {

void write(const char* characters, std::size_t size) noexcept { x86_64::Serial::write(characters, size); }

int read() noexcept { return x86_64::Serial::read(); }

/// The device takes two values only: for success and for everything else.
void exit(int status) noexcept {
  if (begin_exit()) {
    x86_64::Serial::flush();
    x86_64::Io::write_32_bits(x86_64::exit_device::port,
                              status == 0 ? x86_64::exit_device::success : x86_64::exit_device::failure);
  }
  halt();
}

void halt() noexcept {
  for (;;) asm volatile("cli\nhlt" : : : "memory");
}

/// The loader has told before the start.
Layout memory_question() noexcept { return Layout(0, 1); }

bool memory_after_heap(std::byte*, RegionSink sink) noexcept {
  for (const x86_64::Stretch& stretch : x86_64::free_memory.stretches()) {
    if (stretch.start >= address_of(heap_region().end())) {
      sink({reinterpret_cast<std::byte*>(stretch.start), stretch.end - stretch.start});
    }
  }
  return true;
}

}  // namespace bareheap::port
