// SPDX-License-Identifier: MIT
// The stocks of larger blocks: where they serve no lock is taken, they stay small, and what is in them is not lost.
#include "bareheap/wrappers/cpu_cached.hpp"

#include "bareheap/engines/granule_heap.hpp"
#include "engines/stops.hpp"
#include "wrappers/played_heap.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace bareheap {
namespace {

using test::FencedCpus;
using test::PlayedCpus;
using test::stop_of;

constexpr std::size_t memory_size = std::size_t{4} << 20;
constexpr Layout page(4096, 8);

template <class Heap>
struct CpuLargeTest : test::PlayedHeap<Heap, memory_size> {
  // While a CPU takes a block and frees it, so many times.
  std::uint64_t times_locked_by(std::uint32_t cpu, Layout asked, int rounds = 10) {
    const std::uint64_t before = this->heap.times_locked();
    for (int round = 0; round < rounds; ++round) this->free_on(cpu, this->allocate_on(cpu, asked), asked);
    return this->heap.times_locked() - before - 1;
  }

  std::vector<Block> take_all(std::uint32_t cpu, Layout asked) {
    std::vector<Block> taken;
    while (const Block block = this->allocate_on(cpu, asked)) taken.push_back(block);
    return taken;
  }
};

using Ways = testing::Types<CpuCached<GranuleHeap, FencedCpus>, CpuCached<GranuleHeap, FencedCpus, ByMap>>;
TYPED_TEST_SUITE(CpuLargeTest, Ways);

TYPED_TEST(CpuLargeTest, serve_what_was_freed_without_the_lock) {
  for (const std::size_t size : {1009u, 1025u, 1500u, 4096u, 4112u, 8192u}) {
    const Layout asked(size, 8);
    EXPECT_EQ(this->times_locked_by(1, asked, 1), 2u) << size;
    EXPECT_EQ(this->times_locked_by(1, asked), 0u) << size;
  }
  EXPECT_EQ(this->times_locked_by(1, Layout(8193, 8)), 20u);
  EXPECT_GE(this->times_locked_by(1, Layout(4096, 64)), 10u);
  this->expect_fresh();
}

TYPED_TEST(CpuLargeTest, serve_the_quarters_of_each_doubling_at_the_same_time) {
  const auto round = [&] {
    std::uint64_t locked = 0;
    for (std::size_t doubling = 1024; doubling < 8192; doubling *= 2) {
      for (std::size_t part = 1; part <= 4; ++part) {
        locked += this->times_locked_by(1, Layout(doubling / 4 * (4 + part), 8), 1);
      }
    }
    return locked;
  };
  EXPECT_EQ(round(), 24u);
  EXPECT_EQ(round(), 0u);
  this->expect_fresh();
}

TYPED_TEST(CpuLargeTest, lend_only_blocks_of_exactly_the_size) {
  const Block block = this->allocate_on(1, Layout(2048, 8));
  this->free_on(1, block, Layout(2048, 8));
  EXPECT_NE(this->allocate_on(1, Layout(2032, 8)).at, block.at);
  EXPECT_NE(this->allocate_on(1, Layout(2049, 8)).at, block.at);
  EXPECT_EQ(this->allocate_on(1, Layout(2048, 8)).at, block.at);
}

TYPED_TEST(CpuLargeTest, are_of_whatever_size_is_freed) {
  for (std::size_t size = 1024; size <= 8192; size += 16) {
    const Layout asked(size, 8);
    static_cast<void>(this->times_locked_by(1, asked, 1));
    EXPECT_EQ(this->times_locked_by(1, asked), 0u) << size;
  }
  this->expect_fresh();
}

// Another CPU calls the stocks back when the heap inside has nothing left: until then it has all that is in none.
TYPED_TEST(CpuLargeTest, hold_little) {
  for (const std::size_t memory : {memory_size, memory_size / 16}) {
    TypeParam heap;
    ASSERT_TRUE(heap.init({this->memory.region().start, memory}));
    const std::size_t whole = statistics_of(heap).free_bytes;
    PlayedCpus::as(1, [&] {
      for (int round = 0; round < 3; ++round) {
        std::vector<Block> lent;
        for (std::size_t size = 1024; size <= 8192; size += 256) lent.push_back(heap.allocate(Layout(size, 8)));
        for (const Block block : lent) heap.release(block.at);
      }
    });
    PlayedCpus::number = 9;
    PlayedCpus::fences = 0;
    std::size_t had = 0;
    std::vector<Block> lent;
    for (; PlayedCpus::fences == 0; had += 64) lent.push_back(heap.allocate(Layout(64, 8)));
    had -= 64;
    PlayedCpus::number = 0;
    const std::size_t most = memory == memory_size ? 65536 : memory / 32;
    EXPECT_LE(whole - had, most + 64 * 32) << memory;  // and what is too small for a block beside one
    EXPECT_GE(whole - had, most / 2) << memory;
  }
}

TYPED_TEST(CpuLargeTest, merge_a_list_that_is_full) {
  const std::vector<Block> lent = this->allocate_on(1, page, 100);
  const std::uint64_t before = this->heap.times_locked();
  this->free_on(1, lent, page);
  EXPECT_EQ(this->heap.times_locked() - before - 1, 25u);  // there are four in a list
  EXPECT_EQ(this->times_locked_by(1, page), 0u);
  this->expect_fresh();
}

TYPED_TEST(CpuLargeTest, are_had_by_others_who_find_no_room) {
  const std::vector<Block> taken = this->take_all(1, page);
  for (std::size_t index = 0; index + 10 < taken.size(); ++index) this->free_on(1, taken[index], page);
  for (std::size_t index = taken.size() - 10; index < taken.size(); ++index) this->free_on(2, taken[index], page);
  EXPECT_EQ(this->times_locked_by(1, page), 0u);
  EXPECT_EQ(this->times_locked_by(2, page), 0u);
  PlayedCpus::fences = 0;
  const std::vector<Block> again = this->take_all(0, page);
  EXPECT_EQ(again.size(), taken.size());
  EXPECT_GE(PlayedCpus::fences, 1u);
  this->free_on(3, again, page);
  EXPECT_EQ(this->times_locked_by(1, page, 1), 2u);
  EXPECT_EQ(this->times_locked_by(1, page), 0u);  // it has some again
  this->expect_fresh();
}

TYPED_TEST(CpuLargeTest, are_not_where_memory_is_scarce) {
  static_cast<void>(this->times_locked_by(1, page));
  const Block most = this->heap.allocate(Layout(memory_size * 9 / 10, 8));
  ASSERT_TRUE(most);
  static_cast<void>(this->times_locked_by(1, Layout(2048, 8), 1));  // gives what it has back
  EXPECT_GE(this->times_locked_by(1, page), 20u);
  this->heap.deallocate(most.at, Layout(memory_size * 9 / 10, 8));
  this->expect_fresh();
}

TYPED_TEST(CpuLargeTest, go_with_a_cpu_that_retires) {
  static_cast<void>(this->times_locked_by(1, page));
  this->heap.retire(1);
  PlayedCpus::fences = 0;
  this->expect_fresh();
  EXPECT_EQ(PlayedCpus::fences, 0u);
}

TYPED_TEST(CpuLargeTest, catch_what_is_freed_twice_or_wrongly) {
  const Block block = this->allocate_on(1, page);
  const Block other = this->allocate_on(1, page);
  EXPECT_EQ(stop_of([&] { this->heap.deallocate(block.at, Layout(4112, 8)); }).fault, Fault::wrong_layout);
  EXPECT_EQ(stop_of([&] { this->heap.deallocate(block.at + 2048, Layout(2048, 8)); }).fault, Fault::never_lent);
  EXPECT_EQ(stop_of([&] { this->heap.release(block.at + 2048); }).fault, Fault::never_lent);
  static_cast<void>(this->times_locked_by(1, page));
  for (const std::uint32_t cpu : {1u, 2u}) {
    this->free_on(1, this->allocate_on(1, page), page);
    const Block freed = this->allocate_on(1, page);
    this->free_on(1, freed, page);
    PlayedCpus::number = cpu;
    EXPECT_EQ(stop_of([&] { this->heap.deallocate(freed.at, page); }).fault, Fault::freed_twice);
    EXPECT_EQ(stop_of([&] { this->heap.release(freed.at); }).fault, Fault::freed_twice);
    PlayedCpus::number = 0;
  }
  this->free_on(1, block, page);
  this->free_on(1, other, page);
  this->expect_fresh();
}

TYPED_TEST(CpuLargeTest, catch_a_write_to_what_was_freed) {
  for (const bool lends_again : {true, false}) {
    TypeParam heap;  // which is of no use any more after a stop
    ASSERT_TRUE(heap.init(this->memory.region()));
    const Block live[] = {heap.allocate(page), heap.allocate(page)};
    for (const Block block : live) {
      std::memset(block.at, 0, block.size);  // of the heap before this one
      heap.release(block.at);
    }
    std::memset(live[1].at, 0, 4);
    const FaultReport report = stop_of([&] { lends_again ? static_cast<void>(heap.allocate(page)) : heap.trim(); });
    EXPECT_EQ(report.fault, Fault::written_after_free);
    EXPECT_EQ(report.address, live[1].at);
  }
}

}  // namespace
}  // namespace bareheap
