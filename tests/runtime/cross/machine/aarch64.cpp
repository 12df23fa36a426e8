// SPDX-License-Identifier: MIT
// qemu-system-aarch64 -M virt: one CPU in EL1 with the MMU off, a PL011 at 0x09000000, semihosting to leave.
#include "link_program.hpp"

#include <cstdint>

extern "C" [[noreturn]] void run_on_stack() { bareheap::link_check::run(); }

// CPACR_EL1.FPEN: FP and SIMD registers may be used. SCTLR_EL1.A: an unaligned access faults, as it does on a board
// whose MMU is off, and as QEMU would not show.
asm(R"(
  .section .text.start, "ax"
  .global start
start:
  mrs x0, cpacr_el1
  orr x0, x0, #(3 << 20)
  msr cpacr_el1, x0
  mrs x0, sctlr_el1
  orr x0, x0, #(1 << 1)
  msr sctlr_el1, x0
  isb
  adrp x0, stack
  add x0, x0, :lo12:stack
  add x0, x0, #(64 * 1024)
  mov sp, x0
  bl run_on_stack
  .section .bss.stack, "aw", @nobits
  .balign 16
stack:
  .space 64 * 1024
)");

namespace bareheap::link_check {

void write(const char* text) noexcept {
  auto* const data = reinterpret_cast<volatile std::uint32_t*>(std::uintptr_t{0x09000000});
  for (; *text != '\0'; ++text) *data = static_cast<unsigned char>(*text);
}

void leave(int status) noexcept {
  // SYS_EXIT with reason ADP_Stopped_ApplicationExit and the status (Arm semihosting, 7.7).
  const std::uint64_t block[2] = {0x20026, static_cast<std::uint64_t>(status)};
  while (true) {
    register std::uint64_t operation asm("x0") = 0x18;
    register const std::uint64_t* argument asm("x1") = block;
    asm volatile("hlt #0xf000" : "+r"(operation) : "r"(argument) : "memory");
  }
}

}  // namespace bareheap::link_check
