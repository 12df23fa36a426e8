// SPDX-License-Identifier: MIT
// libbareheap-malloc.so: the heap of a program that was started with LD_PRELOAD=libbareheap-malloc.so.
#include "drop_in/kept_standard_error.hpp"
#include "drop_in/process_heap.hpp"
#include "drop_in/report.hpp"
#include "drop_in/settings.hpp"
#include "drop_in/standard_error.hpp"
#include "drop_in/threads.hpp"

#include "drop_in/linux_system.hpp"

#include <atomic>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

namespace bareheap::drop_in {

namespace {
constinit ProcessHeap<LinuxSystem, ProgramThreads> program_heap;
constinit Settings settings;
constinit KeptStandardError kept;
}  // namespace

}  // namespace bareheap::drop_in

#include "drop_in/exports.hpp"

namespace bareheap::drop_in {

void start_program_heap() noexcept {
  static constinit std::atomic<int> state{0};  // 1: being started, 2: started
  if (state.load(std::memory_order_acquire) == 2) return;
  int expected = 0;
  if (state.compare_exchange_strong(expected, 1, std::memory_order_acquire)) {
    read_settings(settings, ::environ);
    if (!program_heap.start(settings) && settings.region != 0) {
      StandardError error;
      error.put("bareheap: the system does not grant the region that BAREHEAP_MALLOC_REGION names\n");
      error.flush();
      ::_exit(2);
    }
    state.store(2, std::memory_order_release);
    return;
  }
  while (state.load(std::memory_order_acquire) != 2) ::sched_yield();
}

namespace {

[[gnu::constructor]] void begin() noexcept {
  static_cast<void>(ProgramThreads::cpu());  // nonsense in the settings is told, whether a block is asked for or not
  if (settings.report[0] != '\0') kept.keep();
  static_cast<void>(::pthread_atfork([] { program_heap.before_fork(); }, [] { program_heap.after_fork_in_parent(); },
                                     [] {
                                       program_heap.after_fork_in_child();
                                       kept.drop();
                                     }));
}

[[gnu::destructor]] void end() noexcept {
  if (settings.report[0] == '\0') return;
  const Counters counters = program_heap.counters();
  kept.restore();
  report(settings.report,
         {{"span", counters.span}, {"peak", counters.peak}, {"live_blocks", counters.live_blocks},
          {"live_bytes", counters.live_bytes}, {"locks", counters.times_locked}, {"own_blocks", counters.own_blocks},
          {"own_peak", counters.own_peak}, {"given_back", counters.given_back}, {"nested", counters.nested}});
}

}  // namespace

}  // namespace bareheap::drop_in
