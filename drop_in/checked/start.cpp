// SPDX-License-Identifier: MIT
// The beginning and the end of a program that has this library.
#include "drop_in/checked/checked_process_heap.hpp"
#include "drop_in/checked/leaks.hpp"
#include "drop_in/checked/settings.hpp"
#include "drop_in/kept_standard_error.hpp"

#include <pthread.h>
#include <unistd.h>

#include <cstdio>

namespace bareheap::drop_in {

constinit CheckedProcessHeap process_heap;

namespace {

constinit CheckedSettings settings;
constinit KeptStandardError kept;

void before_fork() noexcept { process_heap.before_fork(); }
void after_fork() noexcept { process_heap.after_fork(); }
void after_fork_in_child() noexcept {
  after_fork();
  kept.drop();
}

[[gnu::constructor]] void at_start(int, char**, char** environment) noexcept {
  settings = read_checked_settings(environment);
  process_heap.set_pairs(settings.pairs);
  process_heap.set_frames(settings.frames);
  kept.keep();
  ::pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

// Before the libraries that the program needs come to their end, which is where few free anything.
[[gnu::destructor]] void at_end() noexcept {
  kept.restore();
  process_heap.verify();
  if (!report_leaks(settings) || settings.leak_status == 0) return;
  std::fflush(nullptr);
  ::_exit(static_cast<int>(settings.leak_status));
}

}  // namespace

}  // namespace bareheap::drop_in
