// SPDX-License-Identifier: MIT
// Says in one line what the processor stopped for, and ends.
#include "bareheap/core/text.hpp"
#include "ports/common/port.hpp"
#include "ports/common/report.hpp"
#include "ports/riscv64/cpu.hpp"
#include "ports/riscv64/mmu.hpp"

#include <cstdint>

namespace bareheap::riscv64 {

namespace {

/// Bytes at address 0 that a null pointer can be meant for; nothing is mapped there.
constexpr std::uint64_t null_page_end = 0x1000;

constexpr std::uint64_t interrupt = std::uint64_t{1} << 63;

/// RISC-V Privileged 20211203, table 4.2.
constexpr std::uint64_t illegal_instruction = 2;
constexpr const char* causes[] = {"misaligned instruction address",
                                  "instruction access fault",
                                  "illegal instruction",
                                  "breakpoint",
                                  "misaligned load address",
                                  "load access fault",
                                  "misaligned store address",
                                  "store access fault",
                                  "call from U-mode",
                                  "call from S-mode",
                                  "exception 10",
                                  "exception 11",
                                  "instruction page fault",
                                  "load page fault",
                                  "exception 14",
                                  "store page fault"};

constexpr bool concerns_page(std::uint64_t cause) noexcept { return cause == 12 || cause == 13 || cause == 15; }

const char* cause_in_words(std::uint64_t scause) noexcept {
  if ((scause & interrupt) != 0) return "unexpected interrupt";
  return scause < std::size(causes) ? causes[scause] : "exception of an unknown kind";
}

/// What clang 19 makes of __builtin_trap(): C.UNIMP, two bytes of zero (RISC-V Unprivileged, "Defined illegal
/// instruction"). It was fetched from there, so it can be read.
bool is_trap(std::uint64_t scause, std::uint64_t sepc) noexcept {
  return scause == illegal_instruction && *reinterpret_cast<const volatile std::uint16_t*>(sepc) == 0;
}

/// What the address gives away about the cause; empty where it gives away nothing.
const char* hint_in_words(std::uint64_t scause, std::uint64_t stval, std::uint64_t sepc) noexcept {
  if (is_trap(scause, sepc)) return " (a trap that the program has for what must not happen)";
  if (!concerns_page(scause)) return "";
  if (is_protected(stval)) return " (stack overflow: the address is in the guard page)";
  if (stval < null_page_end) return " (null pointer: the address is in page 0)";
  return "";
}

void put_register(const char* name, std::uint64_t value) noexcept {
  put_text(port::serial, name);
  put_hexadecimal(port::serial, value);
}

}  // namespace

extern "C" [[noreturn]] void riscv64_exception(std::uint64_t scause, std::uint64_t stval, std::uint64_t sepc) noexcept {
  port::begin_report();
  put_text(port::serial, "riscv64: ");
  put_text(port::serial, cause_in_words(scause));
  put_text(port::serial, hint_in_words(scause, stval, sepc));
  put_register(": scause ", scause);
  put_register(", stval ", stval);
  put_register(", sepc ", sepc);
  put_text(port::serial, ", CPU ");
  put_decimal(port::serial, this_cpu().number);
  put_text(port::serial, "\n");
  port::exit(1);
}

}  // namespace bareheap::riscv64
