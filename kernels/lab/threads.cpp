// SPDX-License-Identifier: MIT
#include "kernels/lab/threads.hpp"

#include "kernels/lab/executor.hpp"
#include "kernels/lab/log.hpp"

#include <array>
#include <memory>
#include <string>

namespace bareheap::lab {

namespace {

/// Writes its letter, sleeps, and so on.
Thread write_letters(std::string& log, char letter, unsigned times, std::uint64_t sleep) {
  for (unsigned number = 0; number < times; ++number) {
    log += letter;
    co_await Executor::Sleep{sleep};
  }
}

/// Its frame holds the array, since it is needed after the sleep: more than any heap of this kernel.
Thread want_too_much(std::size_t& sum) {
  std::array<volatile char, std::size_t{1} << 30> hoard;
  hoard[sum] = 1;
  co_await Executor::Sleep{1};
  sum += static_cast<std::size_t>(hoard[sum]);
}

bool show_refused_thread() {
  std::size_t sum = 0;
  Executor executor;
  return show("too large a frame", !executor.add(want_too_much(sum)), "refused, and its thread does not start");
}

}  // namespace

bool show_threads() {
  say("Threads:");
  std::string log;
  auto executor = std::make_unique<Executor>();
  bool right = executor->add(write_letters(log, 'a', 12, 10)) && executor->add(write_letters(log, 'b', 6, 20)) &&
               executor->add(write_letters(log, 'c', 4, 30));
  executor->run();
  right = show("coroutines", right && log.size() == 22 && log.starts_with("abca"),
               "a, b and c slept 10, 20 and 30 ticks between their letters: ", log.c_str());
  right = show("timer", executor->ticks() >= 120, executor->ticks(),
               " ticks of 1 ms; their handler moves who wakes from a "
               "map to a deque") &&
          right;
  executor.reset();
  return show_refused_thread() && right;
}

}  // namespace bareheap::lab
