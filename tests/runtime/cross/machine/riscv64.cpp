// SPDX-License-Identifier: MIT
// qemu-system-riscv64 -M virt -bios none: every hart starts in M-mode at 0x80000000; a 16550 at 0x10000000, the test
// device at 0x100000 to leave.
#include "link_program.hpp"

#include <cstdint>

extern "C" [[noreturn]] void run_on_stack() { bareheap::link_check::run(); }

// mstatus.FS: the floating-point registers may be used. tp: what tells one hart from another (runtime.hpp).
asm(R"(
  .section .text.start, "ax"
  .global start
start:
  csrr t0, mhartid
  bnez t0, park
  li t0, 1 << 13
  csrs mstatus, t0
  li tp, 1
  la sp, stack + 64 * 1024
  call run_on_stack
park:
  wfi
  j park
  .section .bss.stack, "aw", @nobits
  .balign 16
stack:
  .space 64 * 1024
)");

namespace bareheap::link_check {

void write(const char* text) noexcept {
  auto* const data = reinterpret_cast<volatile std::uint8_t*>(std::uintptr_t{0x10000000});
  for (; *text != '\0'; ++text) *data = static_cast<unsigned char>(*text);
}

void leave(int status) noexcept {
  auto* const test_device = reinterpret_cast<volatile std::uint32_t*>(std::uintptr_t{0x100000});
  *test_device = status == 0 ? 0x5555 : 0x3333 | static_cast<std::uint32_t>(status) << 16;
  while (true) asm volatile("wfi");
}

}  // namespace bareheap::link_check
