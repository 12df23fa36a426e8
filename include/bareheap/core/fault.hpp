// SPDX-License-Identifier: MIT
// Every way in which a promise to a heap can be broken, each with its one sentence, and the one way to stop.
//
// Errors are of two kinds. "No room" is a value: an empty Block. A broken promise is a Fault: the engine reports it to
// panic(), which the port supplies and which does not return. There is no third kind.
#pragma once

#include "bareheap/core/text.hpp"

#include <cstddef>
#include <cstdint>

namespace bareheap {

enum class Fault : std::uint8_t {
  none,
  out_of_memory,
  out_of_memory_again,
  alignment_not_power_of_two,
  never_lent,
  freed_twice,
  wrong_layout,
  size_unknown,
  takes_no_region,
  region_too_small,
  region_wraps,
  region_overlaps,
  region_apart,
  initialised_twice,
  not_initialised,
  lock_taken_again,
  lock_not_held,
  lock_of_one_cpu,
  overflow,
  underflow,
  written_after_free,
  live_list_torn,
  invariant_1,
  invariant_2,
  invariant_3,
  invariant_4,
  invariant_5,
  invariant_6,
};

/// The sentence of a fault, without a full stop: what goes with it (address, layout, caller) is added by print().
constexpr const char* sentence(Fault fault) noexcept {
  switch (fault) {
    case Fault::none: return "nothing is wrong";
    case Fault::out_of_memory: return "out of memory, and the program gave no way to go on";
    case Fault::out_of_memory_again: return "out of memory inside the out-of-memory handler";
    case Fault::alignment_not_power_of_two: return "an alignment must be a power of two";
    case Fault::never_lent: return "freed an address that this heap has not lent";
    case Fault::freed_twice: return "freed a block that is free already";
    case Fault::wrong_layout: return "freed a block with another size or alignment than it was asked with";
    case Fault::size_unknown: return "freed without a size, which this heap needs";
    case Fault::takes_no_region: return "this heap takes no memory";
    case Fault::region_too_small: return "the region is too small for this heap";
    case Fault::region_wraps: return "the region ends before it starts or beyond the last address";
    case Fault::region_overlaps: return "the region overlaps one that the heap has already";
    case Fault::region_apart: return "the region does not follow the one that the heap has";
    case Fault::initialised_twice: return "the heap has its region already";
    case Fault::not_initialised: return "the heap has no region yet";
    case Fault::lock_taken_again: return "a CPU took a lock that it holds already";
    case Fault::lock_not_held: return "a CPU used a lock that it does not hold";
    case Fault::lock_of_one_cpu: return "a second CPU took a lock that is good for one";
    case Fault::overflow: return "the bytes behind a block were overwritten";
    case Fault::underflow: return "the bytes in front of a block were overwritten";
    case Fault::written_after_free: return "a block was written to after it was freed";
    case Fault::live_list_torn: return "the list of live blocks is torn";
    case Fault::invariant_1: return "invariant 1 of this heap does not hold";
    case Fault::invariant_2: return "invariant 2 of this heap does not hold";
    case Fault::invariant_3: return "invariant 3 of this heap does not hold";
    case Fault::invariant_4: return "invariant 4 of this heap does not hold";
    case Fault::invariant_5: return "invariant 5 of this heap does not hold";
    case Fault::invariant_6: return "invariant 6 of this heap does not hold";
  }
  return "the number of a fault is out of range";
}

/// What is known about a fault at the place where it is noticed. What is not known stays empty and is not printed.
struct FaultReport {
  Fault fault = Fault::none;
  const void* address = nullptr;  ///< the block or the start of the region in question
  const void* caller = nullptr;   ///< where the program called the heap
  std::size_t size = 0;           ///< bytes asked for, with an alignment
  std::size_t alignment = 0;      ///< bytes; 0 = no request is in question
};

/// Stops the program with the report. Every port supplies it; in a kernel it prints to the serial line and halts the
/// machine, and it must not allocate. The library calls it for broken promises and for nothing else.
[[noreturn]] void panic(const FaultReport& report) noexcept;

/// The caller of the function that this stands in, or of the function that one was inlined into.
[[gnu::always_inline]] inline const void* caller_here() noexcept { return __builtin_return_address(0); }

/// Writes the report as one line, for instance
/// "bareheap: freed a block that is free already: 0x90100, called from 0x80a3c".
inline void print(const FaultReport& report, TextSink sink) noexcept {
  put_text(sink, "bareheap: ");
  put_text(sink, sentence(report.fault));
  if (report.alignment != 0 || report.fault == Fault::alignment_not_power_of_two) {
    put_text(sink, ": ");
    put_decimal(sink, report.size);
    put_text(sink, " bytes aligned to ");
    put_decimal(sink, report.alignment);
  }
  if (report.address != nullptr) {
    put_text(sink, ": ");
    put_hexadecimal(sink, reinterpret_cast<std::uintptr_t>(report.address));
  }
  if (report.caller != nullptr) {
    put_text(sink, ", called from ");
    put_hexadecimal(sink, reinterpret_cast<std::uintptr_t>(report.caller));
  }
  put_text(sink, "\n");
}

}  // namespace bareheap
