// SPDX-License-Identifier: MIT
// Says in one line what the processor stopped for, and ends.
#include "bareheap/core/region.hpp"
#include "bareheap/core/text.hpp"
#include "board/processor.hpp"
#include "ports/common/port.hpp"
#include "ports/common/report.hpp"

#include <cstddef>
#include <cstdint>

extern "C" {
extern char __guard_start[];
extern char __guard_end[];
}

namespace bareheap::raspi3b {

namespace {

/// Bytes at address 0 that are not mapped (mmu.cpp).
constexpr std::uint64_t null_page_end = 0x1000;

/// Of an ESR the upper six bits say what happened (Arm ARM, DDI 0487, ESR_EL1, field EC).
constexpr unsigned exception_class(std::uint64_t esr) noexcept { return static_cast<unsigned>(esr >> 26 & 0x3f); }

constexpr unsigned instruction_abort_here = 0x21;
constexpr unsigned data_abort_here = 0x25;

/// The classes that code at EL1 or EL0 of this machine, which is 64-bit throughout, can cause.
constexpr const char* class_in_words(unsigned exception_class) noexcept {
  switch (exception_class) {
    case 0x00: return "undefined instruction";
    case 0x01: return "trapped WFI or WFE";
    case 0x07: return "floating point or vector instruction while they are off";
    case 0x0e: return "illegal execution state";
    case 0x15: return "SVC instruction";
    case 0x16: return "HVC instruction";
    case 0x17: return "SMC instruction";
    case 0x18: return "trapped system register access";
    case 0x20: return "instruction abort at EL0";
    case instruction_abort_here: return "instruction abort";
    case 0x22: return "misaligned program counter";
    case 0x24: return "data abort at EL0";
    case data_abort_here: return "data abort";
    case 0x26: return "misaligned stack pointer";
    case 0x2c: return "floating point exception";
    case 0x2f: return "SError";
    case 0x30:
    case 0x31: return "breakpoint";
    case 0x32:
    case 0x33: return "single step";
    case 0x34:
    case 0x35: return "watchpoint";
    case 0x3c: return "BRK instruction";
    default: return "exception of an unknown class";
  }
}

/// Set where an abort did not come from translation and its address is not known (field FnV of an abort's syndrome).
constexpr std::uint64_t address_unknown = 1U << 10;

/// What an abort's address gives away about its cause; empty where it gives away nothing.
const char* cause_in_words(std::uint64_t esr, std::uint64_t address) noexcept {
  const unsigned what = exception_class(esr);
  if ((what != data_abort_here && what != instruction_abort_here) || (esr & address_unknown) != 0) return "";
  const Region guard = Region::between(__guard_start, __guard_end);
  if (address - address_of(guard.start) < guard.size) return " (stack overflow: the address is in the guard page)";
  if (address < null_page_end) return " (null pointer: the address is in page 0)";
  return "";
}

void put_register(const char* name, std::uint64_t value) noexcept {
  put_text(port::serial, name);
  put_hexadecimal(port::serial, value);
}

}  // namespace

/// `vector` is the number of the entry in the table: four places, and of each four kinds.
extern "C" [[noreturn]] void raspi3b_exception(unsigned vector, std::uint64_t esr, std::uint64_t elr,
                                               std::uint64_t far) noexcept {
  static constexpr const char* kinds[] = {"synchronous", "IRQ", "FIQ", "SError"};
  static constexpr const char* places[] = {"EL1 on the stack of EL0", "EL1", "EL0", "32-bit EL0"};
  port::begin_report();
  put_text(port::serial, "raspi3b: ");
  const bool synchronous = vector % 4 == 0;
  if (synchronous) {
    put_text(port::serial, class_in_words(exception_class(esr)));
    put_text(port::serial, cause_in_words(esr, far));
  } else {
    put_text(port::serial, "unexpected ");
    put_text(port::serial, kinds[vector % 4]);
  }
  put_register(": ESR ", esr);
  put_register(", ELR ", elr);
  put_register(", FAR ", far);
  put_text(port::serial, ", ");
  put_text(port::serial, kinds[vector % 4]);
  put_text(port::serial, " from ");
  put_text(port::serial, places[vector / 4 % 4]);
  put_text(port::serial, ", CPU ");
  put_decimal(port::serial, port::BoardProcessor::cpu());
  put_text(port::serial, "\n");
  port::exit(1);
}

void stop_for_lock_without_mmu() noexcept {
  port::begin_report();
  put_text(port::serial, "raspi3b: CPU ");
  put_decimal(port::serial, port::BoardProcessor::cpu());
  put_text(port::serial, " takes a lock with its MMU or data cache off, where exclusive accesses need not work\n");
  port::exit(1);
}

}  // namespace bareheap::raspi3b
