// SPDX-License-Identifier: MIT
#include "kernel/coroutines.hpp"

#include "bareheap/bareheap.hpp"
#include "bareheap/bindings/coroutine.hpp"
#include "kernel/runner.hpp"

#include <coroutine>
#include <deque>
#include <utility>

namespace bareheap::kernel_test {

namespace {

/// Owns its frame; empty where there was no room for one.
class Task {
 public:
  struct promise_type : FramesFromGiven<Task> {
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };

  Task() = default;
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  explicit operator bool() const { return static_cast<bool>(handle_); }
  const void* frame() const { return handle_.address(); }
  bool done() const { return handle_.done(); }
  void resume() { handle_.resume(); }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}

  std::coroutine_handle<promise_type> handle_;
};

// Not inlined: else the compiler may leave the frame out, as it is allowed to.
[[gnu::noinline]] Task count_to(AllocatorRef, int limit, int& count) {
  for (int turn = 0; turn < limit; ++turn) {
    ++count;
    co_await std::suspend_always{};
  }
}

/// The run queue of the program's heap, the threads in turn.
void run_all(std::deque<Task>& ready) {
  while (!ready.empty()) {
    Task task = std::move(ready.front());
    ready.pop_front();
    task.resume();
    if (!task.done()) ready.push_back(std::move(task));
  }
}

}  // namespace

void expect_coroutines(Region scratch) noexcept {
  HoleList heap;
  if (!expect(static_cast<bool>(heap.init(scratch)))) return;
  int count = 0;
  {
    std::deque<Task> ready;
    for (int limit = 1; limit <= 100; ++limit) {
      ready.push_back(count_to(heap, limit, count));
      expect(ready.back() && heap.owns(ready.back().frame()));
    }
    run_all(ready);
  }
  expect(count == 5050 && is_pristine(heap));
  NullHeap none;
  expect(!count_to(none, 1, count) && count == 5050);
}

}  // namespace bareheap::kernel_test
