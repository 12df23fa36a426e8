// SPDX-License-Identifier: MIT
// Instructions and time, and a heap around another one that counts the instructions of each call. Without a library, as
// the loop.
#pragma once

#include "instructions/instruction_counter.hpp"
#include "loop.hpp"

#include <time.h>

namespace bareheap::tools::replay {

/// Time of this machine, and instructions of this thread.
class Clock {
 public:
  /// Nanoseconds of the day's time.
  uint64_t now() const { return read(CLOCK_MONOTONIC); }

  /// Nanoseconds that this thread had a CPU: what others take meanwhile on a shared machine is not in it.
  uint64_t used() const { return read(CLOCK_THREAD_CPUTIME_ID); }

  uint64_t instructions() const { return counter_.now(); }

  /// Whether instructions() counts.
  bool counts() const { return counter_.present(); }

 private:
  static uint64_t read(clockid_t clock) {
    timespec time;
    clock_gettime(clock, &time);
    return static_cast<uint64_t>(time.tv_sec) * 1000000000 + static_cast<uint64_t>(time.tv_nsec);
  }

  InstructionCounter counter_;
};

/// What the calls of one kind took, in instructions.
struct CallCost {
  uint64_t calls = 0;
  uint64_t total = 0;
  uint64_t worst = 0;       ///< of a single call
  uint64_t worst_step = 0;  ///< the first call that took so many, counted from 0
};

struct CallCosts {
  CallCost of[call_kinds];
};

/// Each call is counted by itself, from before its arguments are made to after its answer is there.
template <class Heap>
class Counting {
 public:
  Counting(Heap& heap, CallCosts& costs) : heap_(heap), costs_(costs) {}

  void* allocate(const Step& step) {
    return counted(step, [&] { return heap_.allocate(step); });
  }
  void* allocate_zeroed(const Step& step) {
    return counted(step, [&] { return heap_.allocate_zeroed(step); });
  }
  void* allocate_aligned(const Step& step) {
    return counted(step, [&] { return heap_.allocate_aligned(step); });
  }
  void* reallocate(void* block, const Step& step) {
    return counted(step, [&] { return heap_.reallocate(block, step); });
  }
  void* reallocate_aligned(void* block, const Step& step) {
    return counted(step, [&] { return heap_.reallocate_aligned(block, step); });
  }
  void deallocate(void* block, const Step& step) {
    counted(step, [&] { return heap_.deallocate(block, step), nullptr; });
  }
  void deallocate_aligned(void* block, const Step& step) {
    counted(step, [&] { return heap_.deallocate_aligned(block, step), nullptr; });
  }

 private:
  template <class Do>
  [[gnu::always_inline]] void* counted(const Step& step, Do call) {
    const uint64_t before = counter_.now();
    void* const answer = call();
    const uint64_t taken = counter_.now() - before - InstructionCounter::own_cost;
    CallCost& cost = costs_.of[static_cast<size_t>(step.call)];
    ++cost.calls;
    cost.total += taken;
    if (taken > cost.worst) {
      cost.worst = taken;
      cost.worst_step = step_;
    }
    ++step_;
    return answer;
  }

  InstructionCounter counter_;
  Heap& heap_;
  CallCosts& costs_;
  uint64_t step_ = 0;
};

}  // namespace bareheap::tools::replay
