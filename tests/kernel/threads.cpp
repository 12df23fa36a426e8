// SPDX-License-Identifier: MIT
#include "kernel/threads.hpp"

#include "kernel/churn.hpp"
#include "kernel/deadline.hpp"
#include "kernel/heap.hpp"
#include "kernel/runner.hpp"
#include "kernel/watched_processor.hpp"

#include "bareheap/bareheap.hpp"
#include "bareheap/bindings/std_allocator.hpp"
#include "ports/common/interrupts.hpp"

#include <atomic>
#include <list>

namespace bareheap::kernel_test {

namespace {

constexpr std::uint32_t hertz = 50'000;
constexpr std::uint32_t seconds = 30;
constexpr std::size_t steps_of_each = 4000;
constexpr std::size_t switches_inside_wanted = 1000;

using Heap = Locked<HoleList, SpinWithInterruptsSaved<WatchedProcessor>>;
using Queue = std::list<port::Frame*, StdAllocator<port::Frame*, Heap>>;

constinit Heap heap;
constinit Queue* ready = nullptr;
constinit std::atomic<std::uint32_t> finished{0};
constinit std::size_t switches = 0;
constinit volatile std::size_t switches_inside = 0;
constinit volatile bool too_late = false;

/// In turn; a node is allocated and one freed at each switch.
port::Frame* switch_thread(port::Frame* interrupted) noexcept {
  ++switches;
  switches_inside = switches_inside + WatchedProcessor::came_late();
  ready->push_back(interrupted);
  port::Frame* const next = ready->front();
  ready->pop_front();
  return next;
}

struct Thread {
  Churn<4> churn;
  Block stack;
};

constinit Thread threads[64];

/// True where a thread that did so many steps may end.
bool is_enough(std::size_t steps) noexcept {
  return (steps >= steps_of_each && switches_inside >= switches_inside_wanted) || too_late;
}

/// A thread: allocates and frees, now and then gives up the CPU, and at its end goes on giving it up.
void work(void* argument) noexcept {
  Thread& self = *static_cast<Thread*>(argument);
  for (std::size_t step = 0; !is_enough(step); ++step) {
    self.churn.step(heap);
    if (step % 100 == 0) port::yield();
  }
  self.churn.give_all_back(heap);
  ++finished;
  while (true) port::yield();
}

Layout stack_layout() noexcept { return Layout(port::frame_size() + 8192, 16); }

bool start_threads() noexcept {
  std::uint32_t seed = 0;
  for (Thread& thread : threads) {
    thread.churn = Churn<4>(++seed);
    thread.stack = program_heap.allocate(stack_layout());
    if (!thread.stack) return false;
    port::Frame* const frame = port::new_frame({thread.stack.at, thread.stack.size}, work, &thread);
    if (frame == nullptr) return false;
    ready->push_back(frame);
  }
  return true;
}

/// The caller is a thread like the others until all of them are done.
bool run_threads() noexcept {
  const Deadline deadline(seconds);
  const Deadline last_deadline(2 * seconds);
  port::start_timer(hertz, switch_thread);
  port::allow_interrupts();
  while (finished != std::size(threads) && !last_deadline.has_passed()) {
    too_late = deadline.has_passed();
    port::yield();
  }
  static_cast<void>(port::BoardProcessor::mask_interrupts());
  port::stop_timer();
  return finished == std::size(threads);
}

void free_stacks() noexcept {
  for (Thread& thread : threads) program_heap.deallocate(thread.stack.at, stack_layout());
}

}  // namespace

void expect_scheduler_may_allocate(Region scratch) noexcept {
  if (!expect(static_cast<bool>(heap.init(scratch)))) return;
  {
    Queue queue(heap);
    ready = &queue;
    if (!expect(start_threads()) || !expect(run_threads())) return;
  }
  put_figure("switches", switches);
  put_figure("switches inside the heap", switches_inside);
  expect(switches_inside >= switches_inside_wanted);
  for (const Thread& thread : threads) expect(thread.churn.torn() == 0 && thread.churn.refused() == 0);
  free_stacks();
  const Statistics figures = statistics_of(heap);
  expect(heap.check() == Fault::none && figures.used_bytes == 0 && figures.holes == 1);
}

}  // namespace bareheap::kernel_test
