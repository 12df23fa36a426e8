// SPDX-License-Identifier: MIT
// A process of Linux without a library: the same code as in a kernel, without the way there. The port's own tests boot.
#include "link_program.hpp"

#include <cstdint>
#include <string_view>

extern "C" [[noreturn]] void run_on_stack() { bareheap::link_check::run(); }

asm(R"(
  .section .text.start, "ax"
  .global start
start:
  xor %ebp, %ebp
  and $-16, %rsp
  call run_on_stack
)");

namespace bareheap::link_check {

namespace {

void call_linux(std::uint64_t number, std::uint64_t first, const void* second, std::uint64_t third) noexcept {
  asm volatile("syscall" : "+a"(number) : "D"(first), "S"(second), "d"(third) : "rcx", "r11", "memory");
}

}  // namespace

void write(const char* text) noexcept { call_linux(1, 1, text, std::string_view(text).size()); }

void leave(int status) noexcept {
  while (true) call_linux(60, static_cast<std::uint64_t>(status), nullptr, 0);
}

}  // namespace bareheap::link_check
