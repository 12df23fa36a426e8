// SPDX-License-Identifier: MIT
// The context of a process, and the table of all of them.
#pragma once

#include "bareheap/core/region.hpp"
#include "ports/common/interrupts.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace bareheap::processes {

enum class State : std::uint8_t {
  none,     ///< nobody has this context
  ready,    ///< waits for the CPU
  running,  ///< has the CPU
  asleep,   ///< waits for a moment
  ended,    ///< waits to be reaped: it still stands on its stack, which only another process can free
};

/// What a process has done; and, as a sum, what all have.
struct Deeds {
  std::uint64_t turns = 0;          ///< it was given the CPU in the place of another process
  std::uint64_t preemptions = 0;    ///< the timer took the CPU from it, for another process
  std::uint64_t ticks_in_heap = 0;  ///< the timer came while it called the heap
  std::uint64_t sleeps = 0;
  std::uint64_t parcels = 0;  ///< blocks taken, filled, read again and given back
  std::uint32_t spoilt = 0;   ///< those of them in which not everything was as written
  std::uint32_t refused = 0;  ///< requests for which there was no room

  void add(const Deeds& others) noexcept {
    turns += others.turns;
    preemptions += others.preemptions;
    ticks_in_heap += others.ticks_in_heap;
    sleeps += others.sleeps;
    parcels += others.parcels;
    spoilt += others.spoilt;
    refused += others.refused;
  }
};

struct Process;
using Work = void (*)(Process& self) noexcept;

/// It stays in its slot of the table and on its CPU for life. All but the state belongs to that CPU.
struct Process {
  port::Frame* frame = nullptr;  ///< where it goes on, while it does not run
  Region stack;
  Work work = nullptr;
  const char* name = nullptr;
  std::uint64_t wake_at = 0;  ///< timer_now() at which its sleep ends
  std::uint64_t seed = 0;     ///< for its random numbers; never 0
  std::uint32_t slot = 0;
  bool calls_heap = false;
  /// Atomic for the one who draws it from another CPU. Relaxed is enough: nothing is read on the strength of it.
  std::atomic<State> state{State::none};
  Deeds deeds;

  State now() const noexcept { return state.load(std::memory_order_relaxed); }
  void become(State next) noexcept { state.store(next, std::memory_order_relaxed); }
};

inline constexpr std::size_t slots = 64;
static_assert(sizeof(Process) == 112, "the context of the story (S3-01)");

using ProcessTable = std::array<Process, slots>;

}  // namespace bareheap::processes
