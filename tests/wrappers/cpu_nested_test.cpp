// SPDX-License-Identifier: MIT
// CpuCached under signals, call by call: one thread plays all CPUs, and a handler comes at chosen points.
#include "bareheap/wrappers/cpu_cached.hpp"

#include "bareheap/engines/granule_heap.hpp"
#include "engines/stops.hpp"
#include "wrappers/nested_heap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

namespace bareheap {
namespace {

using test::CountedCpus;
using test::nested_memory;
using test::Passing;
using test::PlayedCpus;
using test::Signal;
using test::small;
using test::stop_of;

template <class Heap>
using CpuNestedTest = test::NestedHeap<Heap>;
TYPED_TEST_SUITE(CpuNestedTest, test::BothNested);

// ---- Frees and sizes without a size.

TYPED_TEST(CpuNestedTest, releases_what_it_lends_wherever_it_is) {
  std::vector<Block> lent;
  for (std::size_t size = 0; size < 2500; size += 7) lent.push_back(this->heap.allocate(Layout(size, 8)));
  for (const Block block : lent) EXPECT_EQ(this->heap.size_of(block.at), block.size);
  for (const Block block : lent) this->heap.release(block.at);
  this->heap.release(nullptr);
  this->expect_fresh();
}

TYPED_TEST(CpuNestedTest, sizes_and_releases_take_no_lock_where_the_stock_serves) {
  this->stock_on(1);
  PlayedCpus::as(1, [&] {
    const Block block = this->heap.allocate(small);
    const Block large = this->heap.allocate(Layout(5000, 8));
    const std::uint64_t before = this->heap.times_locked();
    EXPECT_EQ(this->heap.size_of(block.at), 48u);
    EXPECT_EQ(this->heap.size_of(large.at), 5008u);
    this->heap.release(block.at);
    EXPECT_EQ(this->heap.times_locked(), before + 1);
    this->heap.release(large.at);
  });
  this->expect_fresh();
}

TYPED_TEST(CpuNestedTest, a_release_of_what_is_not_lent_is_caught) {
  const Block first = this->heap.allocate(small);
  const Block large = this->heap.allocate(Layout(5000, 8));
  const auto fault_of = [&](std::byte* at) {
    const FaultReport report = stop_of([&] { this->heap.release(at); });
    EXPECT_NE(report.caller, nullptr);
    EXPECT_EQ(report.address, at);
    return report.fault;
  };
  EXPECT_EQ(fault_of(first.at + 16), Fault::never_lent);
  EXPECT_EQ(fault_of(first.at + 8), Fault::never_lent);
  EXPECT_EQ(fault_of(reinterpret_cast<std::byte*>(&this->heap)), Fault::never_lent);
  this->heap.release(first.at);
  EXPECT_EQ(fault_of(first.at), Fault::freed_twice);
  this->heap.release(large.at);
  EXPECT_EQ(fault_of(large.at), Fault::freed_twice);
  this->expect_fresh();
}

TYPED_TEST(CpuNestedTest, blocks_outside_of_the_span_are_released_too) {
  TypeParam grown;
  const std::vector<Block> live = this->take_all_beyond_the_span(grown);
  for (const Block block : live) EXPECT_EQ(grown.size_of(block.at), block.size);
  for (const Block block : live) grown.release(block.at);
  this->expect_empty(grown);
}

TYPED_TEST(CpuNestedTest, memory_that_is_zero_is_not_cleared) {
  std::memset(this->memory.start(), 0, nested_memory);
  TypeParam other;
  const Region all = this->memory.region();
  ASSERT_TRUE(other.init({all.start, nested_memory / 2}, all, 0, Content::zero));
  const Block block = other.allocate(small);
  EXPECT_EQ(other.check(), Fault::none);
  other.release(block.at);
  // Told the same of memory that is not, it finds what is there.
  std::memset(this->memory.start(), 0x11, nested_memory);
  TypeParam wrong;
  ASSERT_TRUE(wrong.init({all.start, nested_memory / 2}, all, 0, Content::zero));
  EXPECT_NE(wrong.check(), Fault::none);
}

// ---- Requests for nothing.

TYPED_TEST(CpuNestedTest, the_stock_serves_a_request_for_nothing) {
  this->stock_on(1);
  PlayedCpus::as(1, [&] {
    this->heap.release(this->heap.allocate(Layout(1, 1)).at);
    const std::uint64_t before = this->heap.times_locked();
    for (int count = 0; count < 10; ++count) this->heap.release(this->heap.allocate(Layout(0, 1)).at);
    EXPECT_EQ(this->heap.times_locked(), before + 1);
    this->nested([&] {
      const Block block = this->heap.allocate(Layout(0, 1));
      EXPECT_TRUE(block);
      this->heap.release(block.at);
    });
  });
  this->expect_fresh();
}

// ---- Nested.

TYPED_TEST(CpuNestedTest, a_nested_handler_comes_upon_a_free_block_that_was_written_to) {
  std::byte* const at = this->heap.allocate(small).at;
  this->heap.release(at);
  std::memset(at, 0, 4);
  this->nested([&] {
    const FaultReport report = stop_of([&] { static_cast<void>(this->heap.allocate(small)); });
    EXPECT_EQ(report.fault, Fault::written_after_free);
    EXPECT_EQ(report.address, at);
  });
}

TYPED_TEST(CpuNestedTest, a_nested_handler_is_refused_memory_and_may_free) {
  const Block kept = this->heap.allocate(small);
  const Block freed = this->heap.allocate(small);
  const Block large = this->heap.allocate(Layout(5000, 8));
  EXPECT_FALSE(this->heap.is_nested());
  this->nested([&] {
    EXPECT_FALSE(this->heap.allocate(Layout(3000, 8)));
    EXPECT_FALSE(this->heap.resize(large.at, Layout(5000, 8), 6000));
    EXPECT_EQ(this->heap.size_of(kept.at), 48u);
    EXPECT_EQ(this->heap.size_of(large.at), 5008u);
    this->heap.release(large.at);
    this->heap.deallocate(freed.at, small);
    this->heap.deallocate(nullptr, small);
    this->heap.release(nullptr);
  });
  this->heap.release(kept.at);
  this->expect_fresh();
}

TYPED_TEST(CpuNestedTest, what_a_nested_handler_has_freed_twice_is_caught) {
  for (const std::size_t size : {48u, 5000u}) {
    const Layout asked(size, 8);
    const Block block = this->heap.allocate(asked);
    this->nested([&] {
      this->heap.release(block.at);
      EXPECT_EQ(stop_of([&] { this->heap.release(block.at); }).fault, Fault::freed_twice);
      EXPECT_EQ(stop_of([&] { this->heap.deallocate(block.at, asked); }).fault, Fault::freed_twice);
    });
    EXPECT_EQ(stop_of([&] { this->heap.deallocate(block.at, asked); }).fault, Fault::freed_twice);
  }
  const Block block = this->heap.allocate(small);
  this->nested([&] {
    EXPECT_EQ(stop_of([&] { this->heap.deallocate(block.at, Layout(100, 8)); }).fault, Fault::wrong_layout);
    EXPECT_EQ(stop_of([&] { this->heap.release(block.at + 16); }).fault, Fault::never_lent);
  });
  this->heap.release(block.at);
  this->expect_fresh();
}

TYPED_TEST(CpuNestedTest, calls_that_cannot_be_served_nested_stop) {
  this->nested([&] {
    EXPECT_EQ(stop_of([&] { this->heap.trim(); }).fault, Fault::lock_taken_again);
    EXPECT_EQ(stop_of([&] { static_cast<void>(this->heap.check()); }).fault, Fault::lock_taken_again);
    EXPECT_EQ(stop_of([&] { static_cast<void>(this->heap.owns(nullptr)); }).fault, Fault::lock_taken_again);
  });
}

TYPED_TEST(CpuNestedTest, a_check_does_not_mind_what_is_put_off_meanwhile) {
  const Block block = this->heap.allocate(small);
  this->heap.trim();
  Signal::points = 9;
  Signal::on_signal = [&] {
    EXPECT_TRUE(this->heap.is_nested());
    this->heap.release(block.at);
  };
  EXPECT_EQ(this->heap.check(), Fault::none);
  EXPECT_FALSE(Signal::on_signal);
  this->expect_fresh();
}

// What the program holds, and what a handler holds, who comes anywhere, allocates, frees and asks for sizes.
template <class Heap>
class Interrupted {
 public:
  Interrupted(Heap& heap, unsigned seed) : heap_(heap), random_(seed) {}

  void run(unsigned steps) {
    Signal::comes_at_atomics = true;
    for (unsigned step = 0; step < steps; ++step) {
      Signal::points = static_cast<unsigned>(random_() % 160);
      Signal::on_signal = [this] { handle(); };
      PlayedCpus::as(static_cast<std::uint32_t>(random_() % 3), [&] { change(live_, 1500); });
    }
    Signal::comes_at_atomics = false;
    Signal::on_signal = nullptr;
    for (const Block block : live_) give(block);
    for (const Block block : in_handler_) give(block);
  }

  unsigned nested() const { return nested_; }

 private:
  void handle() {
    nested_ += heap_.is_nested();
    for (const Block block : live_) EXPECT_EQ(heap_.size_of(block.at), block.size);
    EXPECT_FALSE(heap_.allocate(Layout(nested_memory, 8)));  // asks the others, and waits for none it has interrupted
    for (int count = 0; count < 3; ++count) change(in_handler_, 200);
  }

  // A block that is being freed is in no list.
  void change(std::vector<Block>& list, std::size_t largest) {
    if (random_() % 32 == 0) {
      EXPECT_FALSE(heap_.allocate(Layout(nested_memory, 8)));  // asks the others
    }
    if (list.size() < 20 || random_() % 2 == 0) {
      const Block block = heap_.allocate(Layout(random_() % largest, 8));
      if (!block) return;
      std::memset(block.at, static_cast<int>(address_of(block.at) >> 4 & 0xFF), block.size);
      return list.push_back(block);
    }
    std::swap(list[random_() % list.size()], list.back());
    const Block block = list.back();
    list.pop_back();
    give(block);
  }

  void give(Block block) {
    const std::byte fill{static_cast<unsigned char>(address_of(block.at) >> 4 & 0xFF)};
    EXPECT_TRUE(std::all_of(block.at, block.at + block.size, [&](std::byte byte) { return byte == fill; }));
    random_() % 2 == 0 ? heap_.release(block.at) : heap_.deallocate(block.at, Layout(block.size, 8));
  }

  Heap& heap_;
  std::minstd_rand random_;
  std::vector<Block> live_;
  std::vector<Block> in_handler_;
  unsigned nested_ = 0;
};

TYPED_TEST(CpuNestedTest, a_handler_may_come_anywhere) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    Interrupted<TypeParam> program(this->heap, seed);
    program.run(4000);
    EXPECT_GT(program.nested(), 100u);
    EXPECT_EQ(CountedCpus::impatient, 0u);
    this->expect_fresh();
  }
}

// Nothing is at any magazines yet.
TYPED_TEST(CpuNestedTest, a_handler_that_comes_while_a_free_asks_the_map_has_the_stock) {
  this->stock_on(0);
  const Block block = this->heap.allocate(small);
  Signal::points = 0;
  Signal::on_signal = [&] {
    const std::uint64_t before = this->heap.times_locked();
    this->heap.deallocate(this->heap.allocate(small).at, small);
    EXPECT_EQ(this->heap.times_locked(), before + 1);
  };
  this->heap.deallocate(block.at, small);
  EXPECT_FALSE(Signal::on_signal);
  this->expect_fresh();
}

// Its platform cannot tell whether a handler is nested.
struct CpuCachedSignals : test::PlayedHeap<CpuCached<GranuleHeap, test::FencedCpus, Passing<ByKey>>, nested_memory> {};

TEST_F(CpuCachedSignals, a_handler_at_the_magazines_goes_to_the_heap_inside) {
  for (int count = 0; count < 4; ++count) heap.deallocate(heap.allocate(small).at, small);
  Block in_handler;
  Signal::points = 0;
  Signal::on_signal = [&] {
    const std::uint64_t before = heap.times_locked();
    in_handler = heap.allocate(small);
    const Block freed = heap.allocate(small);
    heap.deallocate(freed.at, small);
    EXPECT_GE(heap.times_locked(), before + 3);
    EXPECT_FALSE(heap.allocate(Layout(nested_memory, 8)));
  };
  const Block block = heap.allocate(small);
  ASSERT_TRUE(block && in_handler);
  EXPECT_NE(block.at, in_handler.at);
  heap.deallocate(block.at, small);
  heap.deallocate(in_handler.at, small);
  expect_empty(heap);
}

}  // namespace
}  // namespace bareheap
