// SPDX-License-Identifier: MIT
//
// Explores the interleavings of real code: it stands in for the atomics, the interrupts and the CPUs, runs a small
// program again and again, each time in another order, and says which order breaks it.
//
//     program --atomic, mask, pause, call--> machine --who goes on?--> choices: depth first, at random, or as printed
//        \----each other access------------> races
//
// * Each CPU is a fiber; one runs. Before each atomic operation another CPU may go on, which counts as a preemption; a
//   CPU that pauses or has ended gives way for nothing. All orders with 0 preemptions are tried, then with 1, and so
//   on.
// * An interrupt is delivered at any atomic operation, at any access to the arena, and where interrupts are unmasked.
//   That it is not delivered at once counts as a preemption; where it is delivered then is free, but not after a pause.
// * With store buffers, a plain store may stay with its CPU until an atomic read-modify-write, a full fence, a pause,
//   fence_all() or a chosen moment. Keeping it counts as a preemption.
// * Code that is compiled with -fsanitize=thread reports its other accesses too (hooks.cpp has what it calls). Two of
//   them that no acquire and release bring in order are a failure, in whatever order they came. So memory orders are
//   tested, although all runs are sequentially consistent but for store buffers.
// * All CPUs wait and nothing changes: a failure. A program that takes too many steps: a failure.
//
// What is shared lies in the arena, where nothing depends on addresses that differ from run to run.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace explorer {

inline constexpr unsigned most_cpus = 4;
inline constexpr std::size_t arena_size = 128 * 1024;

/// All that the CPUs of a program share.
alignas(4096) inline std::byte arena[arena_size];

inline constexpr unsigned for_ever = ~0u;

/// A program of a few CPUs. What start() makes must be the same each time.
struct Program {
  const char* name;
  unsigned cpus;
  std::function<void()> start;                ///< alone, before the CPUs run
  std::function<void(unsigned)> body;         ///< what each CPU does; it then idles, and takes interrupts
  std::function<void()> finish = [] {};       ///< alone, when all have ended
  std::function<void(unsigned)> called = {};  ///< the handler of call(), with interrupts masked
  std::function<void(unsigned)> device = {};  ///< the handler of a device, which interrupts once, at any moment,
  unsigned devices = 0;                       ///< each CPU whose bit is set
  unsigned patience = for_ever;               ///< rounds that a CPU waits for another in keep_waiting()
  bool is_long = false;                       ///< where stores may wait, there are far more orders
};

/// How far to look, and on which machine.
struct Bounds {
  unsigned long preemptions = 2;
  bool store_buffers = false;
  bool every_word = false;      ///< CPUs change at atomic built-ins too, not only at Atomics
  unsigned long at_random = 0;  ///< schedules with any number of preemptions, after the others
  unsigned long seed = 1;
  unsigned long most_steps = 20000;  ///< of one schedule
};

struct Outcome {
  bool failed = false;
  std::string what;             ///< the failure in words
  std::string schedule;         ///< for replay()
  unsigned long schedules = 0;  ///< that were run
  unsigned long steps = 0;      ///< of all of them
};

/// Runs schedules until one fails or all within the bounds are done.
Outcome explore(const Program& program, const Bounds& bounds);

/// Runs one schedule; prints each step on standard output, unless it is to be quiet.
Outcome replay(const Program& program, const Bounds& bounds, const std::string& schedule, bool tells = true);

/// In start() and finish(): which CPU makes the calls that follow; CPU 0 does at first.
void run_as(unsigned cpu);

/// The CPU that runs goes on with nothing but interrupts.
[[noreturn]] void halt();

/// Ends the schedule as a failure.
[[noreturn]] void fail(const std::string& what);

inline void expect(bool holds, const char* what) {
  if (!holds) fail(what);
}

}  // namespace explorer
