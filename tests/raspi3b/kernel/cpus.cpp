// SPDX-License-Identifier: MIT
#include "ports/common/cpus.hpp"

#include "bareheap/core/lock_policies.hpp"
#include "bareheap/core/region.hpp"
#include "board/processor.hpp"
#include "kernel/runner.hpp"
#include "ports/common/interrupts.hpp"
#include "raspi3b/kernel/scenarios.hpp"
#include "raspi3b/kernel/stacks.hpp"

#include <atomic>
#include <cstdint>

namespace bareheap::raspi3b_test {

namespace {

using kernel_test::expect;
using port::BoardProcessor;

constinit SpinWithInterruptsSaved<BoardProcessor> lock;
constinit std::uint32_t guarded = 0;
constinit std::atomic<std::uint32_t> here = 0;
constinit std::atomic<std::uint32_t> done = 0;
constinit std::atomic<std::uint32_t> wrong = 0;

/// Returns when all four CPUs have come here.
void meet() noexcept {
  here.fetch_add(1);
  while (here < 4) BoardProcessor::pause();
}

void count_under_the_lock() noexcept {
  for (int i = 0; i < 10'000; ++i) {
    decltype(lock)::State state;
    lock.lock(state, nullptr);
    guarded = guarded + 1;
    lock.unlock(state, nullptr);
  }
}

constinit std::uint32_t told = 0;

void work(std::uint32_t cpu) noexcept {
  const auto* const local = reinterpret_cast<const std::byte*>(&cpu);
  const bool right = cpu == BoardProcessor::cpu() && stack_of(cpu).contains(local) && told == 371 &&
                     BoardProcessor::exclusives_work() && (BoardProcessor::mask_interrupts() & 0x3c0) == 0x3c0;
  if (!right) wrong.fetch_add(1);
  meet();
  count_under_the_lock();
  done.fetch_add(1);
}

}  // namespace

void four_cpus_run_at_once() {
  expect(port::cpu_count() == 4);
  expect(BoardProcessor::cpu() == 0);
  told = 371;
  for (std::uint32_t cpu = 1; cpu < 4; ++cpu) expect(port::start_cpu(cpu, stack_of(cpu), work));
  meet();
  count_under_the_lock();
  while (done < 3) BoardProcessor::pause();
  expect(guarded == 40'000);
  expect(wrong == 0);
}

void a_cpu_starts_once() {
  const std::uint64_t start = port::timer_now();
  expect(!port::start_cpu(0, stack_of(1), work));
  expect(!port::start_cpu(4, stack_of(1), work));
  expect(!port::start_cpu(~0U, stack_of(1), work));
  expect(!port::start_cpu(1, {stack_of(1).start, port::frame_size() - 1}, work));
  expect(port::start_cpu(1, stack_of(1), work));
  expect(!port::start_cpu(1, stack_of(2), work));
  expect(port::start_cpu(3, stack_of(3), work));
  expect(!port::start_cpu(3, stack_of(3), work));
  expect(port::timer_now() - start < port::timer_frequency());  // nothing here waited out the second
}

namespace {

constinit std::atomic<std::uint32_t> ticks[4] = {};

template <std::uint32_t cpu>
port::Frame* count(port::Frame* interrupted) noexcept {
  ticks[cpu].fetch_add(1);
  if (cpu != BoardProcessor::cpu()) wrong.fetch_add(1);
  return interrupted;
}

void tick(std::uint32_t cpu) noexcept {
  static constexpr port::TimerHandler handlers[4] = {count<0>, count<1>, count<2>, count<3>};
  port::start_timer(500 * cpu, handlers[cpu]);
  port::allow_interrupts();
  while (true) port::wait_for_interrupt();
}

}  // namespace

void each_cpu_has_its_timer() {
  for (std::uint32_t cpu = 1; cpu < 4; ++cpu) expect(port::start_cpu(cpu, stack_of(cpu), tick));
  while (ticks[1] < 50 || ticks[2] < 50 || ticks[3] < 50) BoardProcessor::pause();
  expect(ticks[0] == 0);
  expect(wrong == 0);
}

/// With a loader that keeps the other cores for itself.
void a_cpu_does_not_come() {
  const std::uint64_t start = port::timer_now();
  expect(!port::start_cpu(2, stack_of(2), work));
  expect(port::timer_now() - start >= port::timer_frequency());
}

}  // namespace bareheap::raspi3b_test
