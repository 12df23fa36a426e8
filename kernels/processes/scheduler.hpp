// SPDX-License-Identifier: MIT
// The scheduler of one CPU. Its queues take their memory from the heap inside the timer's handler, in whatever the
// timer has interrupted: also in a process that is itself inside a call of the heap.
//
//     start() --> | ready: deque | --> running --> ended --reap()--> none
//                        ^  ^            |  |
//              tick, rest|  |            |  | sleep
//                        `--+------------'  v
//                           `------ | sleeping: multimap by the moment |
//
// Each process stays on the CPU that started it, and slot n of the table belongs to CPU n modulo their count. So
// nothing here is shared between CPUs, nothing is locked but the heap, and no process goes on elsewhere while a handler
// still stands on its stack.
#pragma once

#include "kernels/processes/process.hpp"

#include <deque>
#include <map>

namespace bareheap::processes {

inline constexpr std::uint32_t most_cpus = 8;
inline constexpr std::uint32_t ticks_a_second = 1000;

/// What happened on a CPU; and, added up, on all.
struct Sum {
  std::uint64_t started = 0;  ///< processes
  std::uint64_t reaped = 0;
  std::uint64_t ticks = 0;
  Deeds deeds;  ///< of those that were reaped

  void add(const Sum& other) noexcept {
    started += other.started;
    reaped += other.reaped;
    ticks += other.ticks;
    deeds.add(other.deeds);
  }
};

class Scheduler {
 public:
  /// The scheduler of this CPU, one of `cpus`.
  Scheduler(ProcessTable& table, std::uint32_t cpus) noexcept;
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// The one of the CPU that asks.
  static Scheduler& here() noexcept;

  /// Called with interrupts masked: starts the first process and returns when no process is left. As long as others
  /// live it has to see to it that always one is ready: itself, by rest().
  void run(Work first) noexcept;

  /// A new process on this CPU, which is the caller's; false where there is no slot or no room for its stack.
  bool start(Work work, const char* name) noexcept;

  /// Takes back the slots of those that have ended. A slot keeps its stack for the next one, until the scheduler ends:
  /// each change of a guard makes every CPU forget its translations, and waits for them.
  void reap() noexcept;

  /// The caller gives up the CPU, to the next that is ready; where there is none it waits for an interrupt.
  void rest(Process& self) noexcept;

  void sleep_until(Process& self, std::uint64_t moment) noexcept;

  /// Processes that live on this CPU, the caller included.
  std::size_t count() const noexcept { return count_; }

  const Sum& sum() const noexcept { return sum_; }

 private:
  static port::Frame* tick(port::Frame* interrupted) noexcept;
  static void begin(void* process) noexcept;

  port::Frame* switch_from(port::Frame* interrupted) noexcept;
  void put_aside(Process& process) noexcept;
  void wake_due() noexcept;
  Process* claim_slot() noexcept;

  ProcessTable& table_;
  std::uint32_t cpu_;
  std::uint32_t cpus_;
  std::deque<Process*> ready_;
  std::multimap<std::uint64_t, Process*> sleeping_;
  Process* running_ = nullptr;
  port::Frame* boot_ = nullptr;  // where run() goes on
  std::size_t count_ = 0;
  Sum sum_;
};

}  // namespace bareheap::processes
