// SPDX-License-Identifier: MIT
// Says in one line what the processor stopped for, and ends.
#include "bareheap/core/region.hpp"
#include "bareheap/core/text.hpp"
#include "board/processor.hpp"
#include "ports/common/port.hpp"
#include "ports/common/report.hpp"
#include "ports/x86_64/machine.hpp"

#include <cstddef>
#include <cstdint>

extern "C" {
extern char __image_start[];
extern char __text_end[];
extern char __guard_start[];
extern char __guard_end[];
}

namespace bareheap::x86_64 {

namespace {

constexpr unsigned invalid_opcode = 6;
constexpr unsigned page_fault = 14;

/// Intel SDM volume 3, table 6-1; AMD APM volume 2, section 8.2, for the last three.
constexpr const char* exception_in_words(unsigned vector) noexcept {
  switch (vector) {
    case 0: return "division by zero or with too large a result";
    case 1: return "debug exception";
    case 2: return "NMI";
    case 3: return "INT3 instruction";
    case 4: return "INTO instruction";
    case 5: return "BOUND instruction";
    case invalid_opcode: return "invalid instruction";
    case 7: return "floating point or vector instruction while they are off";
    case 8: return "double fault";
    case 10: return "invalid task state";
    case 11: return "segment or interrupt entry not present";
    case 12: return "stack segment fault";
    case 13: return "general protection fault";
    case page_fault: return "page fault";
    case 16: return "x87 floating point exception";
    case 17: return "misaligned access";
    case 18: return "machine check";
    case 19: return "SSE floating point exception";
    case 20: return "virtualization exception";
    case 21: return "control protection exception";
    case 28: return "hypervisor injection exception";
    case 29: return "VMM communication exception";
    case 30: return "security exception";
    default: return "exception of an unknown number";
  }
}

/// The instruction that compilers stop a program with.
bool is_ud2(std::uint64_t address) noexcept {
  const Region code = Region::between(__image_start, __text_end);
  if (address - address_of(code.start) >= code.size - 1) return false;
  const auto* bytes = reinterpret_cast<const unsigned char*>(address);
  return bytes[0] == 0x0f && bytes[1] == 0x0b;
}

/// What a page fault's address gives away about its cause; empty where it gives away nothing.
const char* cause_in_words(std::uint64_t address) noexcept {
  if (Region::between(__guard_start, __guard_end).contains(reinterpret_cast<const void*>(address))) {
    return " (stack overflow: the address is in the guard page)";
  }
  return address < page_size ? " (null pointer: the address is in page 0)" : "";
}

/// Intel SDM volume 3, section 4.7: bits of a page fault's error code.
const char* access_in_words(std::uint64_t error) noexcept {
  const bool mapped = (error & 1U << 0) != 0;
  if ((error & 1U << 4) != 0) return mapped ? "execution of data" : "execution of what is not mapped";
  if ((error & 1U << 1) != 0) return mapped ? "write to what is read only" : "write to what is not mapped";
  return mapped ? "read of what is not readable" : "read of what is not mapped";
}

void put_register(const char* name, std::uint64_t value) noexcept {
  put_text(port::serial, name);
  put_hexadecimal(port::serial, value);
}

}  // namespace

extern "C" [[noreturn]] void x86_64_exception(std::uint64_t vector, std::uint64_t error, std::uint64_t rip,
                                              std::uint64_t cr2) noexcept {
  port::begin_report();
  put_text(port::serial, "x86_64: ");
  const bool trap = vector == invalid_opcode && is_ud2(rip);
  put_text(port::serial, trap ? "UD2 instruction" : exception_in_words(static_cast<unsigned>(vector)));
  if (vector == page_fault) {
    put_text(port::serial, cause_in_words(cr2));
    put_text(port::serial, ": ");
    put_text(port::serial, access_in_words(error));
    put_register(", CR2 ", cr2);
  } else {
    put_register(": error code ", error);
  }
  put_register(", RIP ", rip);
  put_text(port::serial, ", CPU ");
  put_decimal(port::serial, port::BoardProcessor::cpu());
  put_text(port::serial, "\n");
  port::exit(1);
}

}  // namespace bareheap::x86_64
