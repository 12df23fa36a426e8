// SPDX-License-Identifier: MIT
// Threads of a Linux program as the CPUs of a heap.
#pragma once

#include "bareheap/core/multiprocessor.hpp"

#include <atomic>
#include <cstdint>

namespace bareheap::host {

namespace threads {

inline constexpr std::uint32_t unknown = 0xfffffffe;
inline constinit thread_local std::uint32_t number = unknown;

/// Where this thread's stock is, of the heap of a program that has one alone; null: not known, or it has none.
inline constinit thread_local void* place = nullptr;

/// How often this thread has masked its interrupts, and not restored them: a signal's handler that finds any has
/// interrupted its own thread there.
inline constinit thread_local std::uint32_t masked = 0;

/// Gives the calling thread the lowest number that no living thread has; it is free again when the thread ends.
void arrive() noexcept;

/// Every now and then lets another thread run.
void pause() noexcept;

/// After a fork, in the child: this thread is the only one, so no other has a number.
void forget_others() noexcept;

/// All threads of the program execute a full fence (membarrier(2)).
void fence_all() noexcept;

}  // namespace threads

/// At most `most` threads have a stock at a time, and leave it to the next one with their number; there is nothing to
/// do when a thread ends, or when it is blocked. Further threads share the heap inside, under its lock. A signal's
/// handler may allocate and free; interrupts are not masked, but counted, so that it knows where it is nested.
template <std::uint32_t most>
struct Threads {
  static constexpr std::uint32_t cpus = most;
  static constexpr Recall recall = Recall::directly;

  static std::uint32_t cpu() noexcept {
    if (threads::number == threads::unknown) [[unlikely]] threads::arrive();
    return threads::number;
  }
  static std::uint32_t known_cpu() noexcept { return threads::number; }

  static bool exclusives_work() noexcept { return true; }
  static void pause() noexcept { threads::pause(); }
  static int mask_interrupts() noexcept {
    ++threads::masked;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    return 0;
  }
  static void restore_interrupts(int) noexcept {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    --threads::masked;
  }
  static bool is_nested() noexcept { return threads::masked != 0; }
  static void forget_others() noexcept { threads::forget_others(); }
  static void fence_all() noexcept { threads::fence_all(); }

  /// For a thread that was preempted at its magazines: it goes on when the system lets it.
  static bool keep_waiting(std::uint32_t round) noexcept {
    threads::pause();
    return round < 100'000'000;
  }
};

static_assert(Multiprocessor<Threads<4>>);

}  // namespace bareheap::host
