// SPDX-License-Identifier: MIT
// S2-11: threads of a small scheduler. Run queue, sleepers and the frames of the threads themselves live in a heap.
#include "bareheap/bindings/coroutine.hpp"

#include "bareheap/bareheap.hpp"
#include "bareheap/bindings/std_allocator.hpp"
#include "bareheap/core/operations.hpp"
#include "support/host_region.hpp"
#include "support/out_of_memory_sweep.hpp"
#include "support/task.hpp"

#include <gtest/gtest.h>

#include <coroutine>
#include <deque>
#include <map>
#include <string>
#include <utility>

namespace bareheap {
namespace {

constinit HoleList frame_heap;
std::size_t frames_lent() { return statistics_of(frame_heap).used_bytes; }

template <class Result>
using FromFrameHeap = FramesFrom<Result, frame_heap>;
using Task = test::BasicTask<FromFrameHeap>;
using GivenTask = test::BasicTask<FramesFromGiven>;

// Not inlined: else the compiler may leave the frame out, as it is allowed to.
[[gnu::noinline]] Task count_to(int limit, int& count) {
  for (; count < limit; ++count) co_await std::suspend_always{};
}

[[gnu::noinline]] GivenTask count_in(AllocatorRef, int limit, int& count) {
  for (; count < limit; ++count) co_await std::suspend_always{};
}

struct Device {
  [[gnu::noinline]] GivenTask poll(AllocatorRef, int times) {
    for (; times != 0; --times) {
      ++polls;
      co_await std::suspend_always{};
    }
  }
  int polls = 0;
};

void run(auto& task) {
  while (!task.done()) task.resume();
}

TEST(Coroutine, S2_11_a_frame_comes_from_the_heap_named_in_the_type_and_goes_back) {
  const test::HostRegion memory(4096);
  frame_heap = {};
  ASSERT_TRUE(frame_heap.init(memory.region()));
  int count = 0;
  {
    Task task = count_to(5, count);
    ASSERT_TRUE(task);
    EXPECT_TRUE(frame_heap.owns(task.frame()));
    EXPECT_TRUE(is_aligned(address_of(task.frame()), __STDCPP_DEFAULT_NEW_ALIGNMENT__));
    run(task);
  }
  EXPECT_EQ(count, 5);
  EXPECT_TRUE(is_pristine(frame_heap)) << "freed with the size it was asked with";
}

TEST(Coroutine, S2_11_without_room_the_coroutine_does_not_start_and_nothing_stops) {
  frame_heap = {};
  int count = 0;
  const Task task = count_to(5, count);
  EXPECT_FALSE(task);
  EXPECT_EQ(count, 0);
  NullHeap none;
  EXPECT_FALSE(count_in(none, 5, count));
}

TEST(Coroutine, S2_11_a_frame_comes_from_the_heap_that_the_call_is_given) {
  const test::HostRegion memory(4096);
  HoleList heap;
  ASSERT_TRUE(heap.init(memory.region()));
  int count = 0;
  Device device;
  {
    GivenTask task = count_in(heap, 7, count);
    GivenTask member = device.poll(heap, 3);
    GivenTask lambda = [](AllocatorRef, int& number) -> GivenTask {
      ++number;
      co_return;
    }(heap, count);
    ASSERT_TRUE(task && member && lambda);
    EXPECT_TRUE(heap.owns(task.frame()) && heap.owns(member.frame()) && heap.owns(lambda.frame()));
    EXPECT_TRUE(is_aligned(address_of(task.frame()), __STDCPP_DEFAULT_NEW_ALIGNMENT__));
    run(lambda);
    EXPECT_EQ(count, 1);
    run(task);
    run(member);
  }
  EXPECT_EQ(count, 7);
  EXPECT_EQ(device.polls, 3);
  EXPECT_TRUE(is_pristine(heap));
}

/// Runs threads in turn; one may sleep until a tick.
class Scheduler {
 public:
  explicit Scheduler(HoleList& heap) : ready_(heap), sleeping_(heap) {}

  void start(Task task) { ready_.push_back(std::move(task)); }

  /// The thread that is running sleeps from its next suspension on.
  void sleep_until(int tick) { wakes_ = tick; }
  int now() const { return now_; }

  void run() {
    while (!ready_.empty() || !sleeping_.empty()) {
      wake();
      while (!ready_.empty()) run_one();
      ++now_;
    }
  }

 private:
  void wake() {
    while (!sleeping_.empty() && sleeping_.begin()->first <= now_) {
      ready_.push_back(std::move(sleeping_.begin()->second));
      sleeping_.erase(sleeping_.begin());
    }
  }

  void run_one() {
    Task task = std::move(ready_.front());
    ready_.pop_front();
    wakes_ = now_;
    task.resume();
    if (task.done()) return;
    if (wakes_ > now_) {
      sleeping_.emplace(wakes_, std::move(task));
    } else {
      ready_.push_back(std::move(task));
    }
  }

  using Sleepers = std::multimap<int, Task, std::less<int>, StdAllocator<std::pair<const int, Task>, HoleList>>;

  std::deque<Task, StdAllocator<Task, HoleList>> ready_;
  Sleepers sleeping_;
  int now_ = 0;
  int wakes_ = 0;
};

Task blink(Scheduler& scheduler, std::string& trace, char name, int period, int times) {
  for (int turn = 0; turn < times; ++turn) {
    trace += name;
    scheduler.sleep_until(scheduler.now() + period);
    co_await std::suspend_always{};
  }
}

TEST(Coroutine, S2_11_threads_run_and_sleep_with_queue_sleepers_and_frames_in_one_heap) {
  const test::HostRegion memory(64 * 1024);
  frame_heap = {};
  ASSERT_TRUE(frame_heap.init(memory.region()));
  std::string trace;
  {
    Scheduler scheduler(frame_heap);
    const std::size_t before = frames_lent();
    scheduler.start(blink(scheduler, trace, 'a', 1, 6));
    scheduler.start(blink(scheduler, trace, 'b', 2, 3));
    scheduler.start(blink(scheduler, trace, 'c', 3, 2));
    EXPECT_GT(frames_lent(), before);
    scheduler.run();
  }
  // At 0 all three, at 1 a, at 2 b and a, at 3 c and a, at 4 b and a, at 5 a: who fell asleep first wakes first.
  EXPECT_EQ(trace, "abcabacabaa");
  EXPECT_TRUE(is_pristine(frame_heap));
}

TEST(CoroutineSweep, S2_11_S3_13_every_frame_refused_once) {
  const test::Sweep sweep = test::sweep_out_of_memory([](test::FailNth<HoleList>& heap) {
    int count = 0;
    GivenTask first = count_in(heap, 3, count);
    GivenTask second = count_in(heap, 6, count);
    if (first) run(first);
    if (second) run(second);
    return count == 6;
  });
  EXPECT_TRUE(sweep.clean()) << sweep.report();
  EXPECT_EQ(sweep.points(), 2u);
}

}  // namespace
}  // namespace bareheap
