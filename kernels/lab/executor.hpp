// SPDX-License-Identifier: MIT
// Threads of the lab as coroutines (S2-11): their frames come from the heap, the run queue is a deque, those who sleep
// are in a multimap by the tick that wakes them. The timer's handler moves them from one to the other, so it frees and
// allocates while anything may be interrupted.
//
//     co_await --> | sleeping: multimap | --tick (timer)--> | ready: deque | --run()--> resumed
#pragma once

#include "bareheap/bindings/coroutine.hpp"
#include "heap.hpp"
#include "ports/common/interrupts.hpp"

#include <coroutine>
#include <cstdint>
#include <deque>
#include <map>

namespace bareheap::lab {

/// What a coroutine of the executor returns; false where there was no room for its frame.
class Thread {
 public:
  struct promise_type : FramesFrom<Thread, program_heap> {
    Thread get_return_object() noexcept { return Thread(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept {}
  };

  Thread() noexcept = default;
  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
  std::coroutine_handle<> handle() const noexcept { return handle_; }

 private:
  explicit Thread(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}

  std::coroutine_handle<promise_type> handle_;
};

/// One at a time: the timer's handler looks for it.
class Executor {
 public:
  Executor() noexcept;
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Takes a thread over; it runs when run() does. False where it has no frame.
  bool add(Thread thread);

  /// Lets the timer come a thousand times a second, and returns when all threads have come to their end.
  void run();

  std::uint64_t ticks() const noexcept { return ticks_; }

  /// Of the running executor: `co_await Executor::Sleep{20}` sleeps for so many ticks.
  struct Sleep {
    std::uint64_t ticks;

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> thread) const;
    void await_resume() const noexcept {}
  };

 private:
  static port::Frame* tick(port::Frame* interrupted) noexcept;

  void wake_due();
  std::coroutine_handle<> next();

  std::deque<std::coroutine_handle<>> ready_;
  std::multimap<std::uint64_t, std::coroutine_handle<>> sleeping_;
  std::size_t living_ = 0;
  std::uint64_t ticks_ = 0;
};

}  // namespace bareheap::lab
