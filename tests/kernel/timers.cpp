// SPDX-License-Identifier: MIT
// What ports/common/interrupts.hpp promises of the timer.
#include "board/processor.hpp"
#include "kernel/runner.hpp"
#include "ports/common/interrupts.hpp"

#include <atomic>
#include <cstdint>

namespace {

using namespace bareheap;
using kernel_test::expect;
using port::BoardProcessor;
using port::Frame;

constinit std::atomic<std::uint32_t> ticks = 0;
constinit std::atomic<std::uintptr_t> last_place = 0;

Frame* count(Frame* interrupted) noexcept {
  ticks.fetch_add(1);
  last_place = port::interrupted_at(interrupted);
  return interrupted;
}

/// Counts from 0, with interrupts masked at its start and its end and the timer stopped at its end.
struct Counting {
  Counting() noexcept { ticks = 0; }
  ~Counting() {
    port::stop_timer();
    static_cast<void>(BoardProcessor::mask_interrupts());
  }
};

void let_pass(std::uint64_t time) noexcept {
  const std::uint64_t start = port::timer_now();
  while (port::timer_now() - start < time) {
  }
}

void ticks_come_at_their_rate() {
  const Counting counting;
  constexpr std::uint32_t hertz = 500;
  port::start_timer(hertz, count);
  let_pass(port::timer_frequency() / 100);
  expect(ticks == 0);  // they are masked
  const std::uint64_t start = port::timer_now();
  port::allow_interrupts();
  while (ticks < 250) port::wait_for_interrupt();
  const std::uint64_t took = port::timer_now() - start;
  const std::uint64_t right = port::timer_frequency() * 250 / hertz;
  expect(took > right * 9 / 10 && took < right * 20);  // an emulator on a busy machine loses ticks, and makes none up
  expect(last_place != 0);
}

void masked_ticks_are_one() {
  const Counting counting;
  constexpr std::uint32_t hertz = 1000;
  port::start_timer(hertz, count);
  port::allow_interrupts();
  const auto open = BoardProcessor::mask_interrupts();
  const std::uint32_t before = ticks;
  let_pass(port::timer_frequency() / 20);  // 50 are due
  expect(ticks == before);
  const std::uint64_t start = port::timer_now();
  BoardProcessor::restore_interrupts(open);
  while (ticks < before + 10) port::wait_for_interrupt();
  expect(port::timer_now() - start > port::timer_frequency() * 5 / hertz);  // had they waited, they would come at once
}

void a_timer_comes_once() {
  const Counting counting;
  const std::uint64_t wanted = port::timer_frequency() / 50;
  port::start_timer(1000, count);
  const std::uint64_t start = port::timer_now();
  port::start_timer_once(wanted, count);
  port::allow_interrupts();
  while (ticks == 0) port::wait_for_interrupt();
  expect(port::timer_now() - start >= wanted);
  let_pass(wanted * 3);
  expect(ticks == 1);
  port::start_timer_once(0, count);
  while (ticks == 1) port::wait_for_interrupt();
  port::start_timer_once(~std::uint64_t{0}, count);
  let_pass(wanted);
  expect(ticks == 2);
}

void a_stopped_timer_never_comes() {
  const Counting counting;
  port::start_timer(1000, count);
  let_pass(port::timer_frequency() / 100);  // one is due and masked
  port::stop_timer();
  port::allow_interrupts();
  let_pass(port::timer_frequency() / 100);
  expect(ticks == 0);
}

const kernel_test::Test tests[] = {
    {"ticks come at their rate", ticks_come_at_their_rate},
    {"masked ticks are one", masked_ticks_are_one},
    {"a timer comes once", a_timer_comes_once},
    {"a stopped timer never comes", a_stopped_timer_never_comes},
};

}  // namespace

extern "C" void kernel_main() noexcept { kernel_test::run_and_exit(tests); }
