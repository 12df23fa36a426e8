// SPDX-License-Identifier: MIT
#include "ports/common/report.hpp"

#include "bareheap/core/fault.hpp"
#include "bareheap/core/text.hpp"
#include "board/processor.hpp"
#include "ports/common/port.hpp"

#include <atomic>
#include <cstdint>

namespace bareheap::runtime {

/// Called by the runtime, whose header is not one that a port may include, where C++ would throw.
[[noreturn]] void fatal(const char* sentence) noexcept;

}  // namespace bareheap::runtime

namespace bareheap::port {

namespace {

/// No port has room for more CPUs.
constexpr std::uint32_t most_cpus = 8;

// Which CPU has the last words. They are found by loads and stores alone, since before the memory map is on exclusives
// must not be used on a board. Each CPU has a flag that only it writes (the one-bit algorithm: J. Burns and N.
// Lynch, "Bounds on Shared Memory for Mutual Exclusion", Information and Computation 107, 1993); whoever gets through
// keeps the others out for good. The algorithm wants one order of all accesses, so these are sequentially consistent.
constinit std::atomic<bool> wants[most_cpus] = {};
constexpr std::uint32_t nobody = most_cpus;
constinit std::atomic<std::uint32_t> speaker = nobody;

// The speaker's alone. Volatile because a fault comes between any two instructions of the one who sets them.
volatile bool reporting = false;
volatile bool exiting = false;

/// Waits while a CPU from `first` to `end` - 1 wants the last words; not for ever, as one that has them keeps them.
void wait_while_wanted(std::uint32_t first, std::uint32_t end) noexcept {
  for (std::uint32_t cpu = first; cpu < end; ++cpu) {
    while (wants[cpu].load()) {
      if (speaker.load() != nobody) halt();
      BoardProcessor::pause();
    }
  }
}

bool wanted_before(std::uint32_t self) noexcept {
  for (std::uint32_t cpu = 0; cpu < self; ++cpu) {
    if (wants[cpu].load()) return true;
  }
  return false;
}

/// Returns on one CPU only, and there each time, with interrupts masked; all others halt.
void become_speaker() noexcept {
  static_cast<void>(BoardProcessor::mask_interrupts());
  const std::uint32_t self = BoardProcessor::cpu();
  if (speaker.load() == self) return;
  do {
    wants[self].store(false);
    wait_while_wanted(0, self);
    wants[self].store(true);
  } while (wanted_before(self));
  wait_while_wanted(self + 1, most_cpus);
  speaker.store(self);
}

}  // namespace

void begin_report() noexcept {
  become_speaker();
  if (exiting) halt();
  if (reporting) exit(1);
  reporting = true;
}

bool begin_exit() noexcept {
  become_speaker();
  const bool first = !exiting;
  exiting = true;
  return first;
}

}  // namespace bareheap::port

namespace bareheap {

void panic(const FaultReport& report) noexcept {
  port::begin_report();
  print(report, port::serial);
  port::exit(1);
}

namespace runtime {

void fatal(const char* sentence) noexcept {
  port::begin_report();
  put_text(port::serial, "runtime: ");
  put_text(port::serial, sentence);
  put_text(port::serial, "\n");
  port::exit(1);
}

}  // namespace runtime

}  // namespace bareheap
