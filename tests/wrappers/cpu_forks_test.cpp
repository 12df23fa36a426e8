// SPDX-License-Identifier: MIT
// CpuCached where a program forks. The child is played by the same process: what the others had is forgotten, and
// nothing is lost.
#include "bareheap/wrappers/cpu_forks.hpp"

#include "wrappers/nested_heap.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace bareheap {
namespace {

using test::CountedCpus;
using test::nested_memory;
using test::PlayedCpus;
using test::Signal;
using test::small;

template <class Heap>
using CpuForksTest = test::NestedHeap<Heap>;
TYPED_TEST_SUITE(CpuForksTest, test::BothNested);

TYPED_TEST(CpuForksTest, a_fork_calls_all_stocks_back_and_keeps_the_lock) {
  const Block block = this->heap.allocate(small);
  for (const std::uint32_t cpu : {0u, 1u, 2u}) this->stock_on(cpu);
  this->heap.before_fork();
  EXPECT_TRUE(this->heap.is_nested());
  EXPECT_FALSE(this->heap.allocate(small));
  EXPECT_EQ(PlayedCpus::fences, 1u);
  this->heap.after_fork_in_parent();
  EXPECT_FALSE(this->heap.is_nested());
  EXPECT_EQ(CountedCpus::forgotten, 0u);
  PlayedCpus::as(1, [&] { this->heap.release(block.at); });
  this->stock_on(1);
  const std::uint64_t before = this->heap.times_locked();
  this->stock_on(1, 10);
  EXPECT_EQ(this->heap.times_locked(), before + 1);
  this->expect_fresh();
}

TYPED_TEST(CpuForksTest, the_child_has_what_the_gone_threads_had) {
  const Block block = this->heap.allocate(small);
  for (const std::uint32_t cpu : {1u, 2u, 3u}) this->stock_on(cpu);
  this->heap.before_fork();
  this->heap.after_fork_in_child();
  EXPECT_EQ(CountedCpus::forgotten, 1u);
  EXPECT_FALSE(this->heap.is_nested());
  this->heap.release(block.at);
  PlayedCpus::fences = 0;
  this->expect_fresh();
  EXPECT_EQ(PlayedCpus::fences, 0u);  // nobody is there to be asked
  this->stock_on(1);                  // a new thread with a number of the old ones
  const std::uint64_t before = this->heap.times_locked();
  this->stock_on(1, 10);
  EXPECT_EQ(this->heap.times_locked(), before + 1);
  this->expect_fresh();
}

// A thread that was inside when its process forked is not there any more; nor is one that was waiting for stocks.
TYPED_TEST(CpuForksTest, the_child_waits_for_nobody) {
  this->stock_on(1);
  const auto large_blocks = [&] {  // freed on CPU 1: as many as it keeps
    for (const Layout large : {Layout(2048, 8), Layout(2560, 8)})
      this->free_on(1, this->allocate_on(1, large, 6), large);
  };
  large_blocks();
  const Block block = PlayedCpus::as(1, [&] { return this->heap.allocate(small); });
  std::byte* const next = PlayedCpus::as(1, [&] {
    const Block taken = this->heap.allocate(small);
    this->heap.release(taken.at);
    return taken.at;
  });
  Signal::points = 0;
  Signal::comes_at_map = false;
  Signal::on_signal = [&] {  // CPU 1 is at its magazines
    Signal::comes_at_map = true;
    PlayedCpus::as(0, [&] {
      this->heap.before_fork();
      EXPECT_EQ(CountedCpus::impatient, 1u);
      this->heap.after_fork_in_child();
      PlayedCpus::waits = 0;
      EXPECT_FALSE(this->heap.allocate(Layout(nested_memory, 8)));
      // What it had there is lost to the child, which a map of stocks cannot know.
      EXPECT_EQ(this->heap.check(), TypeParam::is_certain ? Fault::invariant_6 : Fault::none);
      EXPECT_EQ(PlayedCpus::waits, 0u);
    });
    // A new thread with its number does not trust its magazines, and has some of its own.
    PlayedCpus::as(1, [&] { EXPECT_NE(this->heap.allocate(small).at, next); });
    this->stock_on(1);
    const std::uint64_t before = this->heap.times_locked();
    this->stock_on(1, 10);
    EXPECT_EQ(this->heap.times_locked(), before + 1);
    large_blocks();
    const std::uint64_t until = this->heap.times_locked();
    large_blocks();
    EXPECT_EQ(this->heap.times_locked(), until + 1);
  };
  PlayedCpus::as(1, [&] { this->heap.release(block.at); });
}

// One CPU that waits for stocks is gone in the child, and so are those with whom memory was shared.
TYPED_TEST(CpuForksTest, the_child_stocks_as_if_it_had_always_been_alone) {
  const auto times_locked_by_two_rounds = [](TypeParam& heap) {
    const std::uint64_t before = heap.times_locked();
    for (int round = 0; round < 2; ++round) {
      std::vector<std::byte*> lent;
      for (int count = 0; count < 100; ++count) lent.push_back(heap.allocate(Layout(1008, 8)).at);
      for (std::byte* const at : lent) heap.release(at);
    }
    return heap.times_locked() - before;
  };
  const test::HostRegion other_memory{nested_memory};
  TypeParam alone;
  ASSERT_TRUE(alone.init(other_memory.region()));
  const std::uint64_t expected = times_locked_by_two_rounds(alone);
  for (const std::uint32_t cpu : {1u, 2u, 3u}) this->stock_on(cpu);
  bool forked = false;
  PlayedCpus::on_wait = [&] {
    if (std::exchange(forked, true)) return;
    PlayedCpus::as(0, [&] {
      this->heap.before_fork();
      this->heap.after_fork_in_child();
      EXPECT_EQ(times_locked_by_two_rounds(this->heap), expected);
    });
  };
  EXPECT_FALSE(PlayedCpus::as(1, [&] { return this->heap.allocate(Layout(nested_memory, 8)); }));
  EXPECT_TRUE(forked);
}

TYPED_TEST(CpuForksTest, a_nested_handler_forks_without_the_heap) {
  this->nested([&] {
    this->heap.before_fork();
    this->heap.after_fork_in_parent();
    this->heap.after_fork_in_child();
    EXPECT_EQ(CountedCpus::forgotten, 0u);
  });
  this->expect_fresh();
}

}  // namespace
}  // namespace bareheap
