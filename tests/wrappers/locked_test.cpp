// SPDX-License-Identifier: MIT
#include "bareheap/wrappers/locked.hpp"

#include "bareheap/core/statistics.hpp"
#include "bareheap/engines/bump.hpp"
#include "bareheap/engines/hole_list.hpp"
#include "bareheap/engines/story_pages.hpp"
#include "support/host_region.hpp"
#include "wrappers/host_processor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace bareheap {
namespace {

using test::RecordingProcessor;
using test::ThreadProcessor;
using Spin = SpinLock<RecordingProcessor>;
using Masked = InterruptsSaved<RecordingProcessor>;
using SpinMasked = SpinWithInterruptsSaved<RecordingProcessor>;

static_assert(LockPolicy<NoLock> && LockPolicy<Spin> && LockPolicy<Masked> && LockPolicy<SpinMasked>);
static_assert(Allocator<Locked<Bump, NoLock>> && !Growable<Locked<Bump, NoLock>>);
static_assert(Growable<Locked<HoleList, Spin>> && !SelfSizing<Locked<HoleList, Spin>>);
static_assert(!std::copyable<Locked<Bump, Spin>> && !std::movable<Locked<Bump, Spin>::Guard>);

constinit Locked<Bump, NoLock> locked_bump;
constinit Locked<HoleList, Spin> locked_hole_list;
constinit Locked<StoryPages, SpinMasked> locked_pages{StoryPages::RegionSource{nullptr}};
constinit Locked<Bump, Masked> masked_bump;

template <class Heap>
void expect_refusing(Heap& heap) {
  EXPECT_FALSE(heap.allocate(Layout(1, 1)));
  EXPECT_FALSE(heap.try_allocate(Layout(1, 1)));
  EXPECT_FALSE(heap.owns(nullptr));
  EXPECT_EQ(heap.check(), Fault::none);
}

TEST(LockedInit, S2_01_exists_before_its_region_and_refuses_until_it_has_one) {
  RecordingProcessor::reset();
  expect_refusing(locked_bump);
  expect_refusing(locked_hole_list);
  expect_refusing(locked_pages);
  expect_refusing(masked_bump);
}

const std::string place = ": 0x[0-9a-f]+, called from 0x[0-9a-f]+\n";
const std::string again = "bareheap: a CPU took a lock that it holds already" + place;
const std::string not_held = "bareheap: a CPU used a lock that it does not hold" + place;
const std::string for_one = "bareheap: a second CPU took a lock that is good for one" + place;

template <class Policy>
struct LockedTest : testing::Test {
  LockedTest() {
    RecordingProcessor::reset();
    EXPECT_TRUE(heap.init(memory.region()));
    RecordingProcessor::record.clear();
  }

  const test::HostRegion memory{4096};
  Locked<HoleList, Policy> heap;
};

using Policies = testing::Types<NoLock, Masked, Spin, SpinMasked>;
TYPED_TEST_SUITE(LockedTest, Policies);
template <class Policy>
using LockedDeathTest = LockedTest<Policy>;
TYPED_TEST_SUITE(LockedDeathTest, Policies);

TYPED_TEST(LockedTest, passes_every_call_on) {
  const Block block = this->heap.allocate(Layout(100, 8));
  EXPECT_EQ(block.size, 112u);
  EXPECT_TRUE(this->heap.resize(block.at, Layout(100, 8), 200));
  EXPECT_TRUE(this->heap.owns(block.at));
  EXPECT_EQ(statistics_of(this->heap).used_bytes, 208u);
  this->heap.deallocate(block.at, Layout(200, 8));
  EXPECT_EQ(statistics_of(this->heap).used_bytes, 0u);
  EXPECT_EQ(this->heap.check(), Fault::none);
  EXPECT_EQ(this->heap.init(this->memory.region()).fault, Fault::initialised_twice);
  EXPECT_EQ(this->heap.add(this->memory.region()).fault, Fault::region_overlaps);
}

TYPED_TEST(LockedTest, a_guard_is_the_way_to_the_heap_and_releases_it_when_it_goes) {
  {
    const auto guard = this->heap.lock();
    const Block block = guard->allocate(Layout(16, 16));
    (*guard).deallocate(block.at, Layout(16, 16));
    EXPECT_FALSE(this->heap.try_lock());
  }
  EXPECT_TRUE(this->heap.try_lock());
  EXPECT_TRUE(RecordingProcessor::interrupts);
}

template <class Heap>
int leave_early(Heap& heap, int way) {
  const auto guard = heap.lock();
  if (way == 0) return 0;
  if (way == 1) throw std::runtime_error("left by an exception");
  return 2;
}

TYPED_TEST(LockedTest, a_guard_releases_on_every_path) {
  EXPECT_EQ(leave_early(this->heap, 0), 0);
  EXPECT_TRUE(this->heap.try_lock());
  EXPECT_THROW(leave_early(this->heap, 1), std::runtime_error);
  EXPECT_TRUE(this->heap.try_lock());
  EXPECT_EQ(leave_early(this->heap, 2), 2);
  for (int round = 0; round < 3; ++round) {
    const auto guard = this->heap.try_lock();
    EXPECT_TRUE(guard);
    if (round == 1) continue;
    EXPECT_EQ(guard->check(), Fault::none);
  }
  EXPECT_TRUE(this->heap.try_lock());
  EXPECT_TRUE(RecordingProcessor::interrupts);
}

TYPED_TEST(LockedTest, the_try_forms_do_not_wait) {
  const Block block = this->heap.try_allocate(Layout(32, 8));
  ASSERT_TRUE(block);
  {
    const auto guard = this->heap.lock();
    EXPECT_FALSE(this->heap.try_allocate(Layout(32, 8)));
    EXPECT_FALSE(this->heap.try_deallocate(block.at, Layout(32, 8)));
    EXPECT_EQ(statistics_of(*guard).used_bytes, 32u);
  }
  EXPECT_TRUE(this->heap.try_deallocate(block.at, Layout(32, 8)));
  EXPECT_EQ(statistics_of(this->heap).used_bytes, 0u);
  EXPECT_EQ(RecordingProcessor::record.find('p'), std::string::npos);
}

TYPED_TEST(LockedDeathTest, S2_04_who_comes_back_for_the_lock_it_holds_is_stopped) {
  EXPECT_DEATH(
      {
        const auto guard = this->heap.lock();
        static_cast<void>(this->heap.allocate(Layout(1, 1)));
      },
      again);
  EXPECT_DEATH(
      {
        const auto guard = this->heap.lock();
        const auto second = this->heap.lock();
      },
      again);
  EXPECT_DEATH(this->heap.walk([&](const Extent&) { static_cast<void>(this->heap.check()); }), again)
      << "the sink of a walk";
}

TYPED_TEST(LockedDeathTest, a_guard_without_the_lock_leads_nowhere) {
  const auto guard = this->heap.lock();
  const auto second = this->heap.try_lock();
  EXPECT_FALSE(second);
  EXPECT_DEATH(static_cast<void>(second->check()), not_held);
}

template <class Policy>
std::string calls_of_a_pair() {
  RecordingProcessor::reset();
  typename Policy::State state{};
  Policy policy;
  policy.lock(state, nullptr);
  RecordingProcessor::record += '-';
  policy.unlock(state, nullptr);
  return RecordingProcessor::record;
}

TEST(LockPolicies, mask_before_they_take_and_restore_after_they_release) {
  EXPECT_EQ(calls_of_a_pair<NoLock>(), "-");
  EXPECT_EQ(calls_of_a_pair<Spin>(), "-");
  EXPECT_EQ(calls_of_a_pair<Masked>(), "m-r");
  EXPECT_EQ(calls_of_a_pair<SpinMasked>(), "m-r");
}

TEST(LockPolicies, restore_what_was_and_not_what_is_usual) {
  RecordingProcessor::reset();
  RecordingProcessor::interrupts = false;
  Masked masked;
  SpinMasked spin;
  bool outer = true;
  bool inner = true;
  masked.lock(outer, nullptr);
  spin.lock(inner, nullptr);
  EXPECT_FALSE(spin.try_lock(inner));
  spin.unlock(inner, nullptr);
  masked.unlock(outer, nullptr);
  EXPECT_FALSE(RecordingProcessor::interrupts);
}

template <class Policy>
Policy* released;

// A handler that runs as soon as interrupts come finds the lock free, and takes it.
template <class Policy>
void expect_free_when_interrupts_come() {
  RecordingProcessor::reset();
  Policy policy;
  released<Policy> = &policy;
  bool state = false;
  policy.lock(state, nullptr);
  RecordingProcessor::on_interrupts = [] {
    RecordingProcessor::on_interrupts = nullptr;
    bool own = false;
    EXPECT_TRUE(released<Policy>->try_lock(own));
    released<Policy>->unlock(own, nullptr);
  };
  policy.unlock(state, nullptr);
  EXPECT_EQ(RecordingProcessor::record, "mrmr");
}

TEST(LockPolicies, are_free_again_before_interrupts_come) {
  expect_free_when_interrupts_come<Masked>();
  expect_free_when_interrupts_come<SpinMasked>();
}

SpinMasked* awaited;
bool seen_in_wait;

// CPU 1 waits for CPU 0, which releases at the third pause.
TEST(LockPolicies, interrupts_come_while_a_lock_is_awaited) {
  RecordingProcessor::reset();
  SpinMasked lock;
  bool state_of_0 = false;
  lock.lock(state_of_0, nullptr);
  RecordingProcessor::restore_interrupts(true);  // those of CPU 1
  RecordingProcessor::number = 1;
  RecordingProcessor::record.clear();
  awaited = &lock;
  seen_in_wait = true;
  RecordingProcessor::on_pause = [] {
    seen_in_wait = seen_in_wait && RecordingProcessor::interrupts;
    if (std::count(RecordingProcessor::record.begin(), RecordingProcessor::record.end(), 'p') < 3) return;
    bool state = true;
    RecordingProcessor::number = 0;
    awaited->unlock(state, nullptr);
    RecordingProcessor::number = 1;
  };
  bool state_of_1 = false;
  lock.lock(state_of_1, nullptr);
  EXPECT_TRUE(seen_in_wait);
  EXPECT_EQ(RecordingProcessor::record, "mrmrppprm");
  EXPECT_FALSE(RecordingProcessor::interrupts);
  EXPECT_EQ(lock.contentions(), 1u);
  lock.unlock(state_of_1, nullptr);
}

TEST(LockPoliciesDeathTest, are_released_by_their_holder_only) {
  RecordingProcessor::reset();
  Spin spin;
  Spin::State none;
  EXPECT_DEATH(spin.unlock(none, &spin), not_held) << "nobody holds it";
  spin.lock(none, nullptr);
  RecordingProcessor::number = 1;
  EXPECT_FALSE(spin.try_lock(none));
  EXPECT_DEATH(spin.unlock(none, &spin), not_held) << "another CPU holds it";
  Masked masked;
  bool state = false;
  EXPECT_DEATH(masked.unlock(state, &masked), not_held);
}

TEST(LockPoliciesDeathTest, a_lock_for_one_cpu_notices_a_second) {
  RecordingProcessor::reset();
  Masked masked;
  bool state = false;
  masked.lock(state, nullptr);
  RecordingProcessor::number = 1;
  EXPECT_FALSE(masked.try_lock(state));
  EXPECT_DEATH(masked.lock(state, &masked), for_one);
}

// Before caches are on: no exclusive access, and a second CPU would be no use waiting for.
template <class Policy>
void expect_plain_before_exclusives() {
  RecordingProcessor::reset();
  RecordingProcessor::exclusives = false;
  Policy lock;
  typename Policy::State state{};
  lock.lock(state, nullptr);
  EXPECT_TRUE(lock.is_held_here());
  EXPECT_FALSE(lock.try_lock(state));
  EXPECT_DEATH(lock.lock(state, &lock), again);
  RecordingProcessor::number = 1;
  EXPECT_DEATH(lock.lock(state, &lock), for_one);
  RecordingProcessor::number = 0;
  lock.unlock(state, nullptr);
  RecordingProcessor::exclusives = true;
  EXPECT_TRUE(lock.try_lock(state)) << "what was released plainly is free";
  EXPECT_EQ(lock.contentions(), 0u);
}

TEST(LockPoliciesDeathTest, are_plain_until_exclusives_work) {
  expect_plain_before_exclusives<Spin>();
  expect_plain_before_exclusives<SpinMasked>();
}

template <class Policy>
class LockedThreads : public testing::Test {};
using ThreadPolicies = testing::Types<SpinLock<ThreadProcessor>, SpinWithInterruptsSaved<ThreadProcessor>>;
TYPED_TEST_SUITE(LockedThreads, ThreadPolicies);

struct Mine {
  Block block;
  std::size_t asked;
  unsigned char pattern;
};

template <class Heap>
void give_back(Heap& heap, const Mine& mine, std::atomic<unsigned>& torn) {
  for (std::size_t offset = 0; offset < mine.asked; ++offset) {
    if (mine.block.at[offset] != std::byte{mine.pattern}) ++torn;
  }
  heap.deallocate(mine.block.at, Layout(mine.asked, 8));
}

// A CPU that keeps up to eight blocks, each filled with a pattern of its own.
template <class Heap>
void work(Heap& heap, std::uint32_t cpu, unsigned rounds, std::atomic<unsigned>& torn) {
  ThreadProcessor::number = cpu;
  std::vector<Mine> mine;
  std::uint32_t dice = cpu * 2654435761u + 1;
  for (unsigned round = 0; round < rounds; ++round) {
    dice = dice * 1664525u + 1013904223u;
    const std::size_t asked = 1 + (dice >> 24) % 120;
    const Block block = (dice >> 8) % 16 == 0 ? heap.try_allocate(Layout(asked, 8)) : heap.allocate(Layout(asked, 8));
    if (block) {
      mine.push_back({block, asked, static_cast<unsigned char>(dice >> 16)});
      std::memset(block.at, mine.back().pattern, asked);
    }
    if (mine.size() < 8 && block) continue;
    if (mine.empty()) continue;
    const std::size_t index = dice % mine.size();
    give_back(heap, mine[index], torn);
    mine.erase(mine.begin() + static_cast<std::ptrdiff_t>(index));
  }
  for (const Mine& left : mine) give_back(heap, left, torn);
}

TYPED_TEST(LockedThreads, S2_03_four_cpus_keep_their_patterns_and_all_is_one_hole_again) {
  const test::HostRegion memory(64 * 1024);
  Locked<HoleList, TypeParam> heap;
  ASSERT_TRUE(heap.init(memory.region()));
  std::atomic<unsigned> torn{0};
  unsigned rounds = 0;
  while (rounds < 100000 || (heap.contentions() == 0 && rounds < 10'000'000)) {
    std::vector<std::thread> cpus;
    for (std::uint32_t cpu = 0; cpu < 4; ++cpu) cpus.emplace_back([&, cpu] { work(heap, cpu, 100000, torn); });
    for (std::thread& cpu : cpus) cpu.join();
    rounds += 100000;
  }
  EXPECT_EQ(torn, 0u);
  EXPECT_GT(heap.contentions(), 0u);
  EXPECT_EQ(heap.check(), Fault::none);
  const Statistics figures = statistics_of(heap);
  EXPECT_EQ(figures.used_bytes, 0u);
  EXPECT_EQ(figures.free_tiles, 1u);
}

TEST(LockedInit, of_four_cpus_that_give_the_region_one_wins) {
  for (int round = 0; round < 50; ++round) {
    const test::HostRegion memory(4 * 4096);
    Locked<HoleList, SpinLock<ThreadProcessor>> heap;
    std::atomic<int> taken{0};
    std::vector<std::thread> cpus;
    for (std::uint32_t cpu = 0; cpu < 4; ++cpu) {
      cpus.emplace_back([&, cpu] {
        ThreadProcessor::number = cpu;
        if (heap.init({memory.start() + cpu * 4096, 4096})) ++taken;
      });
    }
    for (std::thread& cpu : cpus) cpu.join();
    EXPECT_EQ(taken, 1);
    EXPECT_EQ(statistics_of(heap).total_bytes(), 4096u);
  }
}

}  // namespace
}  // namespace bareheap
