// SPDX-License-Identifier: MIT
#include "kernel/coroutines.hpp"

#include "bareheap/bareheap.hpp"
#include "bareheap/bindings/coroutine.hpp"
#include "kernel/runner.hpp"
#include "support/task.hpp"

#include <coroutine>
#include <deque>
#include <utility>

namespace bareheap::kernel_test {

namespace {

using Task = test::BasicTask<FramesFromGiven>;

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
