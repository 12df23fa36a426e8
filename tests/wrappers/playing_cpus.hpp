// SPDX-License-Identifier: MIT
// One thread that plays the CPUs of a CpuCached heap, one after the other.
#pragma once

#include "bareheap/core/multiprocessor.hpp"

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace bareheap::test {

/// What all of them share, whichever way stocks are called back.
struct PlayedCpus {
  static constexpr std::uint32_t cpus = 4;

  static std::uint32_t cpu() noexcept { return number; }
  static bool exclusives_work() noexcept { return true; }
  static void pause() noexcept {}
  static bool mask_interrupts() noexcept { return std::exchange(masked, true); }
  static void restore_interrupts(bool state) noexcept { masked = state; }

  static bool keep_waiting(std::uint32_t round) noexcept {
    ++waits;
    if (on_wait) on_wait();
    return round < 10;
  }

  /// Does something as another CPU.
  template <class Action>
  static auto as(std::uint32_t cpu, Action action) {
    const std::uint32_t self = std::exchange(number, cpu);
    const bool state = std::exchange(masked, false);
    struct Back {
      std::uint32_t number;
      bool masked;
      ~Back() {
        PlayedCpus::number = number;
        PlayedCpus::masked = masked;
      }
    } const back{self, state};
    return action();
  }

  static void reset() {
    number = 0;
    masked = false;
    waits = fences = 0;
    called.clear();
    on_wait = nullptr;
    on_call = nullptr;
  }

  static inline std::uint32_t number = 0;
  static inline bool masked = false;
  static inline unsigned waits = 0;
  static inline unsigned fences = 0;
  static inline std::vector<std::uint32_t> called;
  static inline std::function<void()> on_wait;               ///< while a CPU waits
  static inline std::function<void(std::uint32_t)> on_call;  ///< when a CPU is called
};

struct CalledCpus : PlayedCpus {
  static constexpr Recall recall = Recall::by_interrupt;
  static void call(std::uint32_t cpu) noexcept {
    called.push_back(cpu);
    if (on_call) on_call(cpu);
  }
};

struct FencedCpus : PlayedCpus {
  static constexpr Recall recall = Recall::directly;
  static void fence_all() noexcept { ++fences; }
};

static_assert(Multiprocessor<CalledCpus> && Multiprocessor<FencedCpus>);

}  // namespace bareheap::test
