// SPDX-License-Identifier: MIT
#include "kernel/cpu_calls.hpp"

#include "kernel/crew.hpp"
#include "kernel/deadline.hpp"
#include "kernel/runner.hpp"

#include "board/processor.hpp"
#include "ports/common/cpu_calls.hpp"
#include "ports/common/interrupts.hpp"

#include <atomic>
#include <cstdint>

namespace bareheap::kernel_test {

namespace {

using port::BoardProcessor;
using port::Frame;
using Count = std::atomic<std::uint32_t>;
constexpr auto relaxed = std::memory_order_relaxed;

constexpr std::uint32_t rounds = 60;
constexpr std::uint32_t hertz = 2000;

/// What a CPU has of its own, on cache lines of its own. Relaxed throughout: the order between who calls and who
/// answers is the port's matter.
struct alignas(128) Desk {
  Count asked[crew_size];  ///< by this CPU of each: the number of the newest call
  Count seen[crew_size];   ///< by this CPU's handler, of what each has asked of it
  Count answers;
  Count ticks;
  Count inside;  ///< handlers that have begun here and not ended
};

constinit Desk desks[crew_size];
constinit Count wrong;  // what a CPU met that must not be; waits end then
constinit Count through;

Desk& own_desk() noexcept { return desks[BoardProcessor::cpu()]; }

/// In each handler: none of them may interrupt another.
struct Handling {
  Handling() noexcept { wrong += own_desk().inside.fetch_add(1) != 0; }
  ~Handling() { own_desk().inside.fetch_sub(1); }
};

void answer() noexcept {
  const Handling handling;
  Desk& own = own_desk();
  const std::uint32_t cpu = BoardProcessor::cpu();
  for (std::uint32_t from = 0; from < crew_size; ++from) {
    own.seen[from].store(desks[from].asked[cpu].load(relaxed), relaxed);
  }
  own.answers.fetch_add(1, relaxed);
}

Frame* tick(Frame* interrupted) noexcept {
  const Handling handling;
  own_desk().ticks.fetch_add(1, relaxed);
  return interrupted;
}

template <class Condition>
void wait_until(Condition condition) noexcept {
  const Deadline deadline(crew_seconds / 4);
  while (!condition() && wrong == 0) {
    BoardProcessor::pause();
    if (deadline.has_passed()) ++wrong;
  }
}

void let_pass(std::uint64_t time) noexcept {
  const std::uint64_t start = port::timer_now();
  while (port::timer_now() - start < time) BoardProcessor::pause();
}

void mask() noexcept { static_cast<void>(BoardProcessor::mask_interrupts()); }

void ask(std::uint32_t cpu) noexcept {
  Count& asked = own_desk().asked[cpu];
  asked.store(asked.load(relaxed) + 1, relaxed);
  port::call_cpu(cpu);
}

bool was_seen(std::uint32_t by) noexcept {
  return desks[by].seen[BoardProcessor::cpu()].load(relaxed) == own_desk().asked[by].load(relaxed);
}

/// One, two or three calls to each, and then all newest ones are waited for.
void call_all(std::uint32_t round) noexcept {
  for (std::uint32_t cpu = 0; cpu < crew_size; ++cpu) {
    for (std::uint32_t call = 0; call <= (round + cpu) % 3; ++call) ask(cpu);
  }
  for (std::uint32_t cpu = 0; cpu < crew_size; ++cpu) {
    wait_until([cpu] { return was_seen(cpu); });
  }
}

void call_under_ticks(std::uint32_t) noexcept {
  Desk& own = own_desk();
  own.ticks = 0;
  meet();
  port::start_timer(hertz, tick);
  port::allow_interrupts();
  for (std::uint32_t round = 0; round < rounds && wrong == 0; ++round) call_all(round);
  ++through;
  while (through < crew_size && wrong == 0) port::wait_for_interrupt();
  const std::uint32_t ticks = own.ticks;
  wait_until([&own, ticks] { return own.ticks - ticks >= 3; });
  port::stop_timer();
  mask();
}

}  // namespace

void expect_no_call_is_lost() {
  port::on_call(answer);
  wrong = through = 0;
  run_on_all(call_under_ticks);
  expect(wrong == 0);
  std::size_t answers = 0;
  std::size_t ticks = 0;
  for (const Desk& desk : desks) {
    answers += desk.answers;
    ticks += desk.ticks;
    expect(desk.inside == 0);
  }
  put_figure("calls", crew_size * crew_size * rounds * 2);
  put_figure("answers", answers);
  put_figure("ticks", ticks);
}

namespace {

bool all_was_seen_of(std::uint32_t cpu) noexcept {
  for (std::uint32_t from = 0; from < crew_size; ++from) {
    if (desks[cpu].seen[from].load(relaxed) != desks[from].asked[cpu].load(relaxed)) return false;
  }
  return true;
}

/// Each in turn is called by all, with interrupts masked on all.
void answer_late(std::uint32_t cpu) noexcept {
  Desk& own = own_desk();
  const std::uint32_t before = own.answers;
  for (std::uint32_t called = 0; called < crew_size; ++called) {
    meet();
    ask(called);
  }
  meet();
  let_pass(port::timer_frequency() / 200);
  wrong += own.answers != before;
  port::allow_interrupts();
  wait_until([cpu] { return all_was_seen_of(cpu); });
  mask();
}

}  // namespace

void expect_masked_cpus_answer_late() {
  port::on_call(answer);
  wrong = 0;
  run_on_all(answer_late);
  expect(wrong == 0);
}

namespace {

constexpr std::uint32_t hand_overs_wanted = crew_size * rounds;
constinit Count hand_overs;
constinit Count left;

void pass_on() noexcept {
  const Handling handling;
  own_desk().answers.fetch_add(1, relaxed);
  if (hand_overs.fetch_add(1, relaxed) < hand_overs_wanted) port::call_cpu((BoardProcessor::cpu() + 1) % crew_size);
}

/// A call that comes between the question and the wait ends no wait, so CPU 0 goes on calling until all have left.
void wait_or_watch(std::uint32_t cpu) noexcept {
  own_desk().answers = 0;
  meet();
  port::allow_interrupts();
  if (cpu != 0) {
    while (hand_overs.load(relaxed) < hand_overs_wanted && wrong == 0) port::wait_for_interrupt();
    mask();
    ++left;
    return;
  }
  port::call_cpu(1);
  wait_until([] { return hand_overs >= hand_overs_wanted; });
  wait_until([] {
    for (std::uint32_t called = 1; called < crew_size; ++called) port::call_cpu(called);
    return left == crew_size - 1;
  });
  mask();
}

}  // namespace

void expect_waiting_cpus_answer() {
  port::on_call(pass_on);
  wrong = hand_overs = left = 0;
  run_on_all(wait_or_watch);
  expect(wrong == 0);
  for (const Desk& desk : desks) expect(desk.answers >= rounds);
  // The last calls may have found a CPU that had left already: they are answered here, by a handler that calls nobody.
  expect_masked_cpus_answer_late();
}

namespace {

constexpr std::uint32_t never = ~std::uint32_t{0};
constinit Count ticks_when_stopped;

void stop_the_timer() noexcept {
  port::stop_timer();
  ticks_when_stopped = own_desk().ticks.load();
  answer();
}

/// Of CPU 0, interrupts masked: a tick of a new timer and a call of itself wait.
void make_both_due() noexcept {
  own_desk().ticks = 0;
  port::start_timer(hertz, tick);
  ask(0);
  let_pass(port::timer_frequency() / 100);
}

void unmask_until_answered() noexcept {
  port::allow_interrupts();
  wait_until([] { return was_seen(0); });
  let_pass(port::timer_frequency() / 100);
  mask();
}

}  // namespace

void expect_calls_leave_the_timer_right() {
  const Desk& own = own_desk();
  wrong = 0;
  port::on_call(answer);
  make_both_due();
  port::allow_interrupts();
  wait_until([&own] { return was_seen(0) && own.ticks >= 3; });
  mask();

  make_both_due();
  const std::uint32_t answers = own.answers;
  port::stop_timer();
  expect(own.answers == answers && own.ticks == 0);
  unmask_until_answered();
  expect(own.answers == answers + 1 && own.ticks == 0);

  port::on_call(stop_the_timer);
  make_both_due();
  ticks_when_stopped = never;
  unmask_until_answered();
  expect(own.ticks == ticks_when_stopped);
  expect(wrong == 0);
}

}  // namespace bareheap::kernel_test
