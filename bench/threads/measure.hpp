// SPDX-License-Identifier: MIT
// Runs a load in several threads and takes the time from when all of them are warm until all are done.
#pragma once

#include <array>
#include <atomic>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include <time.h>

namespace bareheap::bench {

/// Either one moment's, or what lies between two.
struct Moment {
  double wall_seconds = 0;
  double cpu_seconds = 0;   ///< of all threads, in the program and in the kernel
  std::uint64_t locks = 0;  ///< how often the heap's lock was taken
};

struct Measured {
  std::uint64_t calls = 0;  ///< of allocate and deallocate
  Moment taken;
};

inline double seconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// `Load` has work(thread, steps), which answers how many calls it made: about two a step.
template <class Load, class Heap>
Measured measure(Load& load, const Heap& heap, std::uint32_t threads, std::size_t steps) {
  const auto now = [&] {
    Moment moment{seconds_of(CLOCK_MONOTONIC), seconds_of(CLOCK_PROCESS_CPUTIME_ID)};
    if constexpr (requires { heap.locks(); }) moment.locks = heap.locks();
    return moment;
  };
  std::array<Moment, 2> moments;
  std::size_t next = 0;
  std::barrier meeting(threads, [&]() noexcept { moments[next++] = now(); });
  std::atomic<std::uint64_t> calls{0};
  std::vector<std::jthread> crew;
  for (std::uint32_t thread = 0; thread < threads; ++thread) {
    crew.emplace_back([&, thread] {
      load.work(thread, steps / 4);
      meeting.arrive_and_wait();
      calls += load.work(thread, steps);
      meeting.arrive_and_wait();
    });
  }
  crew.clear();
  const auto& [begun, ended] = moments;
  return {calls,
          {ended.wall_seconds - begun.wall_seconds, ended.cpu_seconds - begun.cpu_seconds, ended.locks - begun.locks}};
}

}  // namespace bareheap::bench
