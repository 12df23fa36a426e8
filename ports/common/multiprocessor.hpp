// SPDX-License-Identifier: MIT
// The board's CPUs for a heap that has a stock for each of them.
//
//     constinit CpuCached<GranuleHeap, port::BoardMultiprocessor> heap;
//
//     port::on_call([]() noexcept { heap.serve(); });     before any other CPU uses the heap
#pragma once

#include "bareheap/core/multiprocessor.hpp"
#include "board/processor.hpp"
#include "ports/common/cpu_calls.hpp"
#include "ports/common/interrupts.hpp"

#include <cstdint>

namespace bareheap::port {

/// A CPU that halts, or waits for long with interrupts masked and without serve(), has to retire() before, or who needs
/// its memory waits for it in vain, once.
struct BoardMultiprocessor : BoardProcessor {
  /// The most that any port has room for. Each takes some 2 KiB of the heap object.
  static constexpr std::uint32_t cpus = 8;
  static constexpr Recall recall = Recall::by_interrupt;

  static void call(std::uint32_t cpu) noexcept { call_cpu(cpu); }

  /// Ten microseconds, for a quarter of a second. What counts is the time in which the caller runs: where an emulator's
  /// CPUs share a processor, that is less than what the clock shows, and others have to wait as well.
  static bool keep_waiting(std::uint32_t round) noexcept {
    constexpr std::uint32_t rounds_a_second = 100'000;
    const std::uint64_t start = timer_now();
    do {
      pause();
    } while (timer_now() - start < timer_frequency() / rounds_a_second);
    return round < rounds_a_second / 4;
  }
};

static_assert(Multiprocessor<BoardMultiprocessor>);

}  // namespace bareheap::port
