// SPDX-License-Identifier: MIT
// How a CpuCached heap gets the stocks of other CPUs, call by call: one thread plays all CPUs.
#include "bareheap/engines/granule_heap.hpp"
#include "bareheap/wrappers/cpu_cached.hpp"
#include "wrappers/played_heap.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace bareheap {
namespace {

using test::PlayedCpus;
using test::small;

constexpr std::size_t memory_size = std::size_t{4} << 20;

// ---- Calling back by interrupts.

struct CalledBack : test::PlayedHeap<CpuCached<GranuleHeap, test::CalledCpus>, memory_size> {
  CalledBack() {
    PlayedCpus::on_call = [this](std::uint32_t cpu) { PlayedCpus::as(cpu, [this] { heap.serve(); }); };
  }
};

TEST_F(CalledBack, calls_each_cpu_that_has_a_stock_and_no_other) {
  stock_on(1);
  stock_on(3);
  PlayedCpus::called.clear();
  EXPECT_FALSE(heap.allocate(Layout(memory_size, 8)));
  EXPECT_EQ(PlayedCpus::called, (std::vector<std::uint32_t>{1, 3}));
  EXPECT_FALSE(heap.allocate(Layout(memory_size, 8)));
  EXPECT_EQ(PlayedCpus::called.size(), 2u);  // they have nothing since
}

TEST_F(CalledBack, a_cpu_that_does_not_answer_is_waited_for_once_and_loses_nothing) {
  stock_on(1);
  PlayedCpus::on_call = nullptr;
  EXPECT_FALSE(heap.allocate(Layout(memory_size, 8)));
  const unsigned waits = PlayedCpus::waits;
  EXPECT_GT(waits, 0u);
  EXPECT_FALSE(heap.allocate(Layout(memory_size, 8)));
  EXPECT_EQ(PlayedCpus::waits, waits);
  // It still has its stock, and goes on with it.
  const std::uint64_t before = heap.times_locked();
  const Block block = allocate_on(1, small);
  EXPECT_EQ(heap.times_locked(), before + 1);
  free_on(1, block, small);
  // When it hands it over at last, its own next slow call brings it home.
  PlayedCpus::as(1, [&] { heap.serve(); });
  free_on(1, allocate_on(1, small), small);
  PlayedCpus::on_call = [this](std::uint32_t cpu) { PlayedCpus::as(cpu, [this] { heap.serve(); }); };
  expect_fresh();
}

TEST_F(CalledBack, two_that_wait_for_each_other_go_on) {
  stock_on(0);
  stock_on(1);
  PlayedCpus::on_call = nullptr;  // both have interrupts masked
  PlayedCpus::on_wait = [&] {
    PlayedCpus::on_wait = [&] { PlayedCpus::as(0, [&] { heap.serve(); }); };  // which CPU 0 does while it waits
    EXPECT_FALSE(allocate_on(1, Layout(memory_size, 8)));
  };
  PlayedCpus::masked = true;
  EXPECT_FALSE(heap.allocate(Layout(memory_size, 8)));
  EXPECT_TRUE(PlayedCpus::masked);
  EXPECT_LE(PlayedCpus::waits, 3u);  // neither came to the end of its patience
  PlayedCpus::masked = false;
  PlayedCpus::on_wait = nullptr;
  expect_fresh();
}

TEST_F(CalledBack, nobody_stocks_while_somebody_waits_for_stocks) {
  stock_on(1);
  stock_on(2);
  PlayedCpus::on_call = [&](std::uint32_t cpu) {
    PlayedCpus::as(cpu, [&] {
      heap.serve();
      const Block block = heap.allocate(small);
      heap.deallocate(block.at, small);
    });
  };
  const std::uint64_t before = heap.times_locked();
  EXPECT_FALSE(heap.allocate(Layout(memory_size, 8)));
  EXPECT_GE(heap.times_locked() - before, 6u);  // each of the four calls in between, too
  expect_fresh();
}

TEST_F(CalledBack, serves_only_when_asked) {
  stock_on(1);
  PlayedCpus::as(1, [&] { heap.serve(); });
  PlayedCpus::as(9, [&] { heap.serve(); });
  const std::uint64_t before = heap.times_locked();
  stock_on(1, 10);
  EXPECT_EQ(heap.times_locked(), before + 1);
}

// ---- Taking directly.

struct TakenDirectly : test::PlayedHeap<CpuCached<GranuleHeap, test::FencedCpus>, memory_size> {};

TEST_F(TakenDirectly, needs_one_fence_and_no_answer) {
  stock_on(1);
  stock_on(2);
  PlayedCpus::fences = 0;
  EXPECT_FALSE(heap.allocate(Layout(memory_size, 8)));
  EXPECT_EQ(PlayedCpus::fences, 1u);
  EXPECT_EQ(PlayedCpus::waits, 2u);
}

}  // namespace
}  // namespace bareheap
