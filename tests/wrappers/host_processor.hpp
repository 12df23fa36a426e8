// SPDX-License-Identifier: MIT
// CPUs of the host for locks: one whose CPUs are threads, and one that records what it is asked.
#pragma once

#include "bareheap/core/processor.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace bareheap::test {

/// Each thread is a CPU, by the number that it says it has.
struct ThreadProcessor {
  struct State {};

  static std::uint32_t cpu() noexcept { return number; }
  static bool exclusives_work() noexcept { return true; }
  static void pause() noexcept { std::this_thread::yield(); }
  static State mask_interrupts() noexcept { return {}; }
  static void restore_interrupts(State) noexcept {}

  static inline thread_local std::uint32_t number = 0;
};
static_assert(Processor<ThreadProcessor>);

/// One thread that plays every CPU. It writes down the calls: m mask, r restore, p pause; `on_pause` is what the other
/// CPUs do while this one waits, `on_interrupts` a handler that runs as soon as interrupts come.
struct RecordingProcessor {
  static std::uint32_t cpu() noexcept { return number; }
  static bool exclusives_work() noexcept { return exclusives; }
  static void pause() noexcept {
    record += 'p';
    if (on_pause != nullptr) on_pause();
  }
  static bool mask_interrupts() noexcept {
    record += 'm';
    const bool was = interrupts;
    interrupts = false;
    return was;
  }
  static void restore_interrupts(bool state) noexcept {
    record += 'r';
    interrupts = state;
    if (state && on_interrupts != nullptr) on_interrupts();
  }

  static void reset() {
    number = 0;
    exclusives = interrupts = true;
    record.clear();
    on_pause = on_interrupts = nullptr;
  }

  static inline std::uint32_t number = 0;
  static inline bool exclusives = true;
  static inline bool interrupts = true;
  static inline std::string record;
  static inline void (*on_pause)() = nullptr;
  static inline void (*on_interrupts)() = nullptr;
};
static_assert(Processor<RecordingProcessor>);

}  // namespace bareheap::test
