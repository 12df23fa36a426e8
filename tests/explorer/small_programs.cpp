// SPDX-License-Identifier: MIT
// The explorer itself: small programs that are right, which it must not complain of, and the same with one mistake,
// which it must find.
#include "explorer/platform.hpp"

#include <array>
#include <cstdio>
#include <new>
#include <set>
#include <string_view>
#include <vector>

namespace explorer {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;

struct Shared {
  Atomic<unsigned> lock{0};
  Atomic<unsigned> flags[2];
  Atomic<unsigned> turn{0};
  unsigned counter = 0;
  unsigned inside = 0;
};
Shared* shared;

void start() { shared = new (arena) Shared; }

void count_once() {
  expect(shared->inside++ == 0, "two are inside");
  ++shared->counter;
  --shared->inside;
}

void finish() { expect(shared->counter == 2, "an addition was lost"); }

struct Case {
  Program program;
  Bounds bounds;
  const char* failure;  // part of what is said; null: it is right
};

// Locks.

void lock_by_exchange(std::memory_order first, std::memory_order last) {
  while (shared->lock.exchange(1, first) != 0) Platform::pause();
  count_once();
  shared->lock.store(0, last);
}

void lock_by_load_and_store() {
  while (shared->lock.load(acquire) != 0) Platform::pause();
  shared->lock.store(1, relaxed);
  count_once();
  shared->lock.store(0, release);
}

void peterson(unsigned cpu, std::memory_order raised) {
  shared->flags[cpu].store(1, raised);
  shared->turn.store(1 - cpu, raised);
  while (shared->flags[1 - cpu].load(acquire) != 0 && shared->turn.load(acquire) != cpu) Platform::pause();
  count_once();
  shared->flags[cpu].store(0, release);
}

// CPU 0 makes others publish their stores, so that they need not.
void asymmetric(unsigned cpu, bool fences) {
  shared->flags[cpu].store(1, relaxed);
  if (cpu == 0 && fences) Platform::fence_all();
  if (shared->flags[1 - cpu].load(acquire) == 0) count_once();
  shared->flags[cpu].store(0, release);
}

void see_own_store(unsigned cpu) {
  shared->flags[cpu].store(1, relaxed);
  expect(shared->flags[cpu].load(relaxed) == 1, "a CPU does not see its own store");
}

bool was_alone;

// CPU 0 has looked for CPU 1 before its own store is seen.
void store_and_look(unsigned cpu) {
  if (cpu == 0) {
    was_alone = false;
    shared->flags[0].store(1, relaxed);
    was_alone = shared->flags[1].load(relaxed) == 0;
    shared->turn.store(1, relaxed);
    return;
  }
  shared->flags[1].store(1, std::memory_order_seq_cst);
  const bool is_late = shared->flags[0].load(relaxed) == 0 && shared->flags[0].load(relaxed) == 1;
  expect(!is_late || !was_alone, "a store came late");
}

// Waiting.

void sleep_and_wake(unsigned cpu, bool looks_again) {
  if (cpu == 0) {
    shared->turn.store(1, release);
    if (shared->flags[0].load(acquire) != 0) shared->flags[1].store(1, release);
    return;
  }
  if (looks_again) shared->flags[0].store(1, release);
  if (shared->turn.load(acquire) != 0) return;
  if (!looks_again) shared->flags[0].store(1, release);
  while (shared->flags[1].load(acquire) == 0) Platform::pause();
}

void pass_on(std::memory_order order) {
  shared->counter = 2;
  shared->turn.store(1, order);
}

void wait_for(Atomic<unsigned>& word) {
  while (word.load(acquire) == 0) Platform::pause();
}

// Interrupts.

void add_twice(unsigned cpu, bool masks) {
  if (cpu != 0) return;
  const bool before = masks && Platform::mask_interrupts();
  ++shared->counter;
  if (masks) Platform::restore_interrupts(before);
}

void ask(bool serves) {
  while (shared->lock.exchange(1, acquire) != 0) {
    if (serves && shared->flags[0].load(acquire) == 1) shared->flags[0].store(2, release);
    Platform::pause();
  }
  shared->lock.store(0, release);
}

// CPU 0 asks while it holds the lock, and CPU 1, whose interrupts are masked, waits for it.
void ask_under_lock(unsigned cpu, bool serves) {
  const bool before = Platform::mask_interrupts();
  if (cpu == 1) {
    ask(serves);
  } else {
    while (shared->lock.exchange(1, acquire) != 0) Platform::pause();
    shared->flags[0].store(1, release);
    Platform::call(1);
    for (unsigned round = 0; shared->flags[0].load(acquire) != 2 && Platform::keep_waiting(round); ++round) continue;
    shared->lock.store(0, release);
  }
  Platform::restore_interrupts(before);
}

void answer(unsigned) {
  if (shared->flags[0].load(acquire) == 1) shared->flags[0].store(2, release);
}

void add_in_handler(unsigned) { ++shared->counter; }

void call_the_other(unsigned cpu) {
  if (cpu == 1) Platform::call(0);
}

// All orders of two CPUs that read a word, and write what follows from that.

constexpr unsigned steps_of_each = 6;

unsigned next(unsigned cpu, unsigned seen) { return seen * 3 + cpu + 1; }

void read_and_write(unsigned cpu) {
  for (unsigned step = 0; step < steps_of_each; step += 2) {
    shared->turn.store(next(cpu, shared->turn.load(relaxed)), relaxed);
  }
}

struct Moment {
  unsigned word = 0;
  std::array<unsigned, 2> steps{};
  std::array<unsigned, 2> seen{};
};

// What the word can be in the end, if CPU `runs` went last and there may be so many preemptions more.
void add_ends(const Moment& now, unsigned runs, unsigned preemptions, std::set<unsigned>& ends) {
  if (now.steps[0] + now.steps[1] == 2 * steps_of_each) ends.insert(now.word);
  for (const unsigned cpu : {runs, 1 - runs}) {
    const bool preempts = cpu != runs && now.steps[runs] != steps_of_each;
    if (now.steps[cpu] == steps_of_each || (preempts && preemptions == 0)) continue;
    Moment then = now;
    if (then.steps[cpu]++ % 2 == 0) {
      then.seen[cpu] = now.word;
    } else {
      then.word = next(cpu, now.seen[cpu]);
    }
    add_ends(then, cpu, preemptions - (preempts ? 1 : 0), ends);
  }
}

// With so many preemptions the explorer finds just the ends that there are.
bool finds_all_ends(unsigned preemptions) {
  std::set<unsigned> ends;
  for (const unsigned first : {0U, 1U}) add_ends({}, first, preemptions, ends);
  std::set<unsigned> explored;
  const auto note = [&explored] { explored.insert(shared->turn.load()); };
  const Program program{.name = "all ends", .cpus = 2, .start = start, .body = read_and_write, .finish = note};
  const Outcome outcome = explore(program, {.preemptions = preemptions});
  const bool right = explored == ends && !outcome.failed;
  std::printf("%s all ends with %u preemptions: %zu of %zu, %lu schedules\n", right ? "ok  " : "FAIL", preemptions,
              explored.size(), ends.size(), outcome.schedules);
  return right;
}

std::vector<Case> cases() {
  const auto two = [](const char* name, std::function<void(unsigned)> body, auto end) {
    return Program{.name = name, .cpus = 2, .start = start, .body = std::move(body), .finish = end};
  };
  const auto nothing = [] {};
  const Bounds plain{.preemptions = 3};
  const Bounds buffers{.preemptions = 3, .store_buffers = true};
  std::vector<Case> all{
      {two(
           "a lock", [](unsigned) { lock_by_exchange(acquire, release); }, finish),
       buffers, nullptr},
      {two(
           "a lock that does not acquire", [](unsigned) { lock_by_exchange(relaxed, release); }, finish),
       plain, "order"},
      {two(
           "a lock that does not release", [](unsigned) { lock_by_exchange(acquire, relaxed); }, finish),
       plain, "order"},
      {two(
           "a lock in two steps", [](unsigned) { lock_by_load_and_store(); }, finish),
       plain, "order"},
      {two(
           "Peterson", [](unsigned cpu) { peterson(cpu, release); }, finish),
       plain, nullptr},
      {two(
           "Peterson, with full fences", [](unsigned cpu) { peterson(cpu, std::memory_order_seq_cst); }, finish),
       buffers, nullptr},
      {two(
           "Peterson, with store buffers", [](unsigned cpu) { peterson(cpu, release); }, finish),
       buffers, "order"},
      {two(
           "one fences for both", [](unsigned cpu) { asymmetric(cpu, true); }, nothing),
       buffers, nullptr},
      {two(
           "nobody fences", [](unsigned cpu) { asymmetric(cpu, false); }, nothing),
       buffers, "order"},
      {two(
           "nobody fences, and no store waits", [](unsigned cpu) { asymmetric(cpu, false); }, nothing),
       plain, nullptr},
      {two(
           "a wake-up", [](unsigned cpu) { sleep_and_wake(cpu, true); }, nothing),
       plain, nullptr},
      {two(
           "a lost wake-up", [](unsigned cpu) { sleep_and_wake(cpu, false); }, nothing),
       plain, "every CPU waits"},
      {two(
           "a message", [](unsigned cpu) { cpu == 0 ? pass_on(release) : (wait_for(shared->turn), finish()); }, finish),
       plain, nullptr},
      {two(
           "a message that is not published",
           [](unsigned cpu) { cpu == 0 ? pass_on(relaxed) : (wait_for(shared->turn), finish()); }, finish),
       plain, "order"},
      {two(
           "a lock's waiter answers", [](unsigned cpu) { ask_under_lock(cpu, true); }, nothing),
       plain, nullptr},
      {two(
           "a lock's waiter does not answer", [](unsigned cpu) { ask_under_lock(cpu, false); }, nothing),
       plain, "every CPU waits"},
      {two(
           "a lock's waiter does not answer, and patience ends", [](unsigned cpu) { ask_under_lock(cpu, false); },
           nothing),
       plain, nullptr},
      {two(
           "a handler between masked additions", [](unsigned cpu) { add_twice(cpu, true); }, finish),
       plain, nullptr},
      {two(
           "a handler amid an addition", [](unsigned cpu) { add_twice(cpu, false); }, finish),
       plain, "lost"},
      {two(
           "a loop without an end",
           [](unsigned) {
             for (;;) shared->turn.fetch_add(1, relaxed);
           },
           nothing),
       {.preemptions = 0},
       "on and on"},
      {two("a CPU's own store", see_own_store, nothing), buffers, nullptr},
      {two("a store that waits", store_and_look, nothing), {.preemptions = 2, .store_buffers = true}, "late"},
      {two("a store that does not wait", store_and_look, nothing), plain, nullptr},
      {two("a handler and another one", call_the_other, finish), plain, nullptr},
      {two(
           "a lock in two steps, found with one preemption", [](unsigned) { lock_by_load_and_store(); }, finish),
       {.preemptions = 1},
       "order"},
      {two(
           "a lock in two steps, not found with none", [](unsigned) { lock_by_load_and_store(); }, finish),
       {.preemptions = 0},
       nullptr},
      {two(
           "found at random only", [](unsigned) { lock_by_load_and_store(); }, finish),
       {.preemptions = 0, .at_random = 1000},
       "order"},
  };
  for (Case& one : all) {
    const std::string_view name(one.program.name);
    one.program.called = name == "a handler and another one" ? add_in_handler : answer;
    if (name.ends_with("patience ends")) one.program.patience = 2;
    if (name.starts_with("a handler")) {
      one.program.device = add_in_handler;
      one.program.devices = 1;
    }
  }
  return all;
}

// Prints the steps of what fails against expectation.
bool passes(const Case& one) {
  const Outcome outcome = explore(one.program, one.bounds);
  const bool right = one.failure == nullptr ? !outcome.failed : outcome.what.find(one.failure) != std::string::npos;
  std::printf("%s %s: %lu schedules, %lu steps%s%s\n", right ? "ok  " : "FAIL", one.program.name, outcome.schedules,
              outcome.steps, outcome.failed ? "; " : "", outcome.what.c_str());
  if (!outcome.failed) return right;
  const Outcome again = replay(one.program, one.bounds, outcome.schedule, !right);
  return right && again.what == outcome.what;
}

}  // namespace
}  // namespace explorer

int main() {
  bool right = true;
  for (unsigned preemptions = 0; preemptions < 8; ++preemptions) {
    right = explorer::finds_all_ends(preemptions) && right;
  }
  for (const explorer::Case& one : explorer::cases()) right = explorer::passes(one) && right;
  return right ? 0 : 1;
}
