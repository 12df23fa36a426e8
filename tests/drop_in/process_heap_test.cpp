// SPDX-License-Identifier: MIT
// The heap of a program as a class, on a system whose clock stands still and which refuses what it is told to.
#include "drop_in/linux_system.hpp"
#include "drop_in/process_heap.hpp"
#include "ports/host/threads.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace bareheap::drop_in {
namespace {

struct FakeSystem : LinuxSystem {
  static inline int calls = 0;
  static inline int refused = -1;  // the number of the call that is, and of all behind it
  static inline int answered_again = 1 << 30;
  static inline std::uint64_t now = 0;
  static inline std::size_t given = 0;
  static inline std::function<void()> in_commit;

  static void reset() {
    calls = 0;
    refused = -1;
    now = given = 0;
    in_commit = nullptr;
    growing_state<FakeSystem> = {};
  }

  static bool refuses() noexcept {
    const int call = calls++;
    return refused >= 0 && call >= refused && call < answered_again;
  }
  static std::byte* reserve(std::size_t size) noexcept { return refuses() ? nullptr : LinuxSystem::reserve(size); }
  static bool commit(std::byte* at, std::size_t size) noexcept {
    if (in_commit) in_commit();
    return !refuses() && LinuxSystem::commit(at, size);
  }
  static std::byte* map(std::size_t size) noexcept { return refuses() ? nullptr : LinuxSystem::map(size); }
  static std::byte* remap(std::byte* at, std::size_t before, std::size_t after) noexcept {
    return refuses() ? nullptr : LinuxSystem::remap(at, before, after);
  }
  static bool give_back(std::byte* at, std::size_t size) noexcept {
    if (refuses() || !LinuxSystem::give_back(at, size)) return false;
    given += size;
    return true;
  }
  static std::uint64_t milliseconds() noexcept { return now; }
};

using Heap = ProcessHeap<FakeSystem, host::Threads<4>>;

Layout plain(std::size_t size) { return {size, 16}; }

bool is_filled(const std::byte* at, std::size_t size, int value) {
  for (std::size_t index = 0; index != size; ++index) {
    if (at[index] != static_cast<std::byte>(value)) return false;
  }
  return true;
}

class ProcessHeapTest : public testing::Test {
 protected:
  ProcessHeapTest() { FakeSystem::reset(); }

  void start(Settings settings = {}) { ASSERT_TRUE(heap->start(settings)); }

  std::byte* filled(std::size_t size, int value) {
    const Block block = heap->allocate(plain(size));
    EXPECT_TRUE(block) << size;
    std::memset(block.at, value, size);
    return block.at;
  }

  std::unique_ptr<Heap> heap = std::make_unique<Heap>();
};

TEST_F(ProcessHeapTest, BeforeTheStartBlocksAreOnesOfTheirOwn) {
  const Block block = heap->allocate(plain(10));
  ASSERT_TRUE(block);
  EXPECT_EQ(block.size, 4096u);
  start();
  heap->release(block.at);
  EXPECT_EQ(heap->counters().own_blocks, 1u);
}

TEST_F(ProcessHeapTest, GrowsAndIsWholeAfterwards) {
  start();
  std::vector<std::byte*> blocks;
  for (std::size_t index = 0; index != 200; ++index) {
    const Block block = heap->allocate(plain(1'000'000));
    ASSERT_TRUE(block);
    std::memset(block.at, static_cast<int>(index), 100);
    blocks.push_back(block.at);
  }
  for (std::size_t index = 0; index != 200; ++index) {
    EXPECT_TRUE(is_filled(blocks[index], 100, static_cast<int>(index)));
    heap->deallocate(blocks[index], plain(1'000'000));
  }
  const Counters counters = heap->counters();
  EXPECT_GE(counters.peak, 200'000'000u);
  EXPECT_EQ(counters.live_blocks, 0u);
  EXPECT_EQ(counters.own_blocks, 0u);
  EXPECT_EQ(heap->check(), Fault::none);
}

TEST_F(ProcessHeapTest, AFixedRegionNeverGrows) {
  Settings settings;
  settings.region = std::size_t{8} << 20;
  start(settings);
  std::size_t blocks = 0;
  while (heap->allocate(plain(100'000))) ++blocks;
  EXPECT_GT(blocks, 70u);
  EXPECT_LT(blocks, 84u);
  EXPECT_FALSE(heap->allocate(plain(std::size_t{5} << 20)));
}

// What a program wants, with every call of the system refused from the nth on, then answered again.
TEST_F(ProcessHeapTest, WhateverTheSystemRefuses) {
  const std::size_t large = std::size_t{5} << 20;
  for (int refused = 0; refused != 24; ++refused) {
    FakeSystem::reset();
    FakeSystem::refused = refused;
    FakeSystem::answered_again = 1 << 30;
    heap = std::make_unique<Heap>();
    Settings settings;
    settings.give_back = 0;
    const bool is_started = heap->start(settings);
    EXPECT_EQ(is_started, refused > 1);  // it takes two calls
    std::vector<std::pair<std::byte*, std::size_t>> blocks;
    for (std::size_t index = 0; index != 120; ++index) {
      const std::size_t size = index % 10 == 9 ? large : index % 10 == 8 ? 100 : 1'500'000;
      const Block block = heap->allocate(plain(size));
      if (!block) continue;
      std::memset(block.at, static_cast<int>(index), 100);
      blocks.emplace_back(block.at, index);
    }
    for (auto& [at, index] : blocks) {
      const std::size_t size = heap->size_of(at);
      if (size < large) continue;
      const Block moved = heap->reallocate(at, plain(size), size * 2);
      if (moved) at = moved.at;
    }
    for (const auto& [at, index] : blocks) {
      EXPECT_TRUE(is_filled(at, 100, static_cast<int>(index))) << refused << ' ' << index;
      heap->release(at);
    }
    if (refused % 8 == 0) {
      EXPECT_EQ(heap->check(), Fault::none) << refused;
    }
    FakeSystem::answered_again = 0;
    const Block block = heap->allocate(plain(large));
    ASSERT_TRUE(block) << refused;
    heap->release(block.at);
    if (!is_started) continue;
    for (int index = 0; index != 100; ++index) ASSERT_TRUE(heap->allocate(plain(1'500'000))) << refused;
  }
}

TEST_F(ProcessHeapTest, TakesLessWhereTheSystemGrantsLess) {
  FakeSystem::refused = 0;
  FakeSystem::answered_again = 5;  // 64, 32, 16, 8 and 4 GiB
  start();
  EXPECT_EQ(heap->counters().span, std::size_t{1} << 30);
}

// A handler that has interrupted its own thread under the lock: the heap makes memory of its addresses there.
TEST_F(ProcessHeapTest, AHandlerUnderTheLockIsServed) {
  start();
  std::byte* const small = filled(100, 1);
  std::byte* const large = filled(10'000, 2);
  int handled = 0;
  FakeSystem::in_commit = [&] {
    if (++handled != 1) return;
    std::byte* const mine = filled(50, 3);
    EXPECT_EQ(heap->size_of(small), 112u);
    const Block moved = heap->reallocate(large, plain(heap->size_of(large)), 20'000);
    ASSERT_TRUE(moved);
    EXPECT_TRUE(is_filled(moved.at, 10'000, 2));
    heap->release(small);
    heap->release(moved.at);
    EXPECT_FALSE(heap->trim());
    const Block zeros = heap->allocate_zeroed(plain(9000));
    EXPECT_TRUE(is_filled(zeros.at, 9000, 0));
    heap->release(zeros.at);
    EXPECT_TRUE(is_filled(mine, 50, 3));
    heap->release(mine);
  };
  while (handled == 0) ASSERT_TRUE(heap->allocate(plain(3'000'000)));
  FakeSystem::in_commit = nullptr;
  EXPECT_EQ(heap->counters().nested, 3u);
  EXPECT_EQ(heap->check(), Fault::none);
}

TEST_F(ProcessHeapTest, ZeroedBlocksAreZeroWhereverTheyComeFrom) {
  Settings settings;
  settings.give_back = 5;
  start(settings);
  std::mt19937 random(4);
  std::vector<std::pair<std::byte*, std::size_t>> blocks;
  for (int step = 0; step != 2500; ++step) {
    ++FakeSystem::now;
    if (blocks.size() < 20 || random() % 2 == 0) {
      const std::size_t size = 1 + random() % (random() % 8 == 0 ? 900'000 : 20'000);
      const bool is_zeroed = random() % 2 == 0;
      const Block block = is_zeroed ? heap->allocate_zeroed(plain(size)) : heap->allocate(plain(size));
      ASSERT_TRUE(block);
      ASSERT_TRUE(!is_zeroed || is_filled(block.at, size, 0)) << step << ' ' << size;
      std::memset(block.at, 0xA5, block.size);
      blocks.emplace_back(block.at, block.size);
    } else {
      const std::size_t index = random() % blocks.size();
      auto [at, size] = blocks[index];
      ASSERT_TRUE(is_filled(at, size, 0xA5)) << step;  // also not given back
      if (random() % 4 == 0 && heap->resize(at, plain(size), size / 2 + 1)) {
        blocks[index].second = size / 2 + 1;
        continue;
      }
      if (random() % 4 == 0 && heap->resize(at, plain(size), size + size / 3)) {
        std::memset(at, 0xA5, size + size / 3);
        blocks[index].second = size + size / 3;
        continue;
      }
      heap->release(at);
      blocks[index] = blocks.back();
      blocks.pop_back();
    }
  }
  EXPECT_GT(FakeSystem::given, 1'000'000u);
}

// What was the end of a free block has a word of the heap.
TEST_F(ProcessHeapTest, ZerosReachOverWhatWasTheEnd) {
  start();
  for (int index = 0; index != 20; ++index) {  // of 64 MiB; then there is as much again
    const Block block = heap->allocate_zeroed(plain(4'000'000));
    ASSERT_TRUE(block);
    EXPECT_TRUE(is_filled(block.at, block.size, 0)) << index;
  }
}

TEST_F(ProcessHeapTest, ZerosReachToTheEndOfTheRegion) {
  Settings settings;
  settings.region = std::size_t{8} << 20;
  start(settings);
  std::size_t free = 0;
  heap->walk([&](const Extent& extent) { free = extent.kind == ExtentKind::free ? extent.size : free; });
  const Block block = heap->allocate_zeroed(plain(free));
  ASSERT_TRUE(block);
  EXPECT_TRUE(is_filled(block.at, free, 0));
}

TEST_F(ProcessHeapTest, GrowsByLessWhereTheSystemGrantsLess) {
  start();
  FakeSystem::refused = FakeSystem::calls;  // to double is refused, half of that is not
  FakeSystem::answered_again = FakeSystem::calls + 1;
  const int before = FakeSystem::calls;
  while (FakeSystem::calls == before) ASSERT_TRUE(heap->allocate(plain(1'000'000)));
  EXPECT_EQ(FakeSystem::calls, before + 2);  // at once
  for (int index = 0; index != 30; ++index) ASSERT_TRUE(heap->allocate(plain(1'000'000)));
  EXPECT_EQ(heap->counters().own_blocks, 0u);
}

TEST_F(ProcessHeapTest, PagesGoBackAfterAWhile) {
  Settings settings;
  settings.give_back = 10;
  start(settings);
  std::byte* const first = filled(1'000'000, 1);
  std::byte* const second = filled(1'000'000, 2);
  heap->release(first);
  FakeSystem::now = 9;
  heap->release(second);
  EXPECT_EQ(FakeSystem::given, 0u);
  FakeSystem::now = 10;
  heap->release(filled(10'000, 3));  // from what was freed first, of which the larger rest is kept in mind
  EXPECT_GT(FakeSystem::given, 950'000u);
  EXPECT_LT(FakeSystem::given, 1'000'000u);
  FakeSystem::now = 30;
  heap->release(filled(10'000, 3));
  EXPECT_GT(FakeSystem::given, 1'900'000u);
  EXPECT_EQ(heap->counters().given_back, FakeSystem::given);
}

TEST_F(ProcessHeapTest, OrNever) {
  Settings settings;
  settings.give_back = LeftPages<FakeSystem>::never;
  start(settings);
  heap->release(filled(1'000'000, 1));
  FakeSystem::now = 1 << 30;
  heap->release(filled(1'000'000, 1));
  EXPECT_EQ(FakeSystem::given, 0u);
  EXPECT_TRUE(heap->trim());  // but where the program says so
  EXPECT_GT(FakeSystem::given, 950'000u);
  EXPECT_EQ(heap->counters().given_back, FakeSystem::given);
}

TEST_F(ProcessHeapTest, WhatWasTrimmedDoesNotGoBackAgain) {
  Settings settings;
  settings.give_back = 10;
  start(settings);
  heap->release(filled(1'000'000, 1));
  EXPECT_TRUE(heap->trim());
  const std::size_t given = FakeSystem::given;
  FakeSystem::now = 30;
  heap->release(filled(10'000, 1));
  EXPECT_EQ(FakeSystem::given, given);
}

TEST_F(ProcessHeapTest, WhatIsVeryLargeIsAMappingAndItsPagesMove) {
  start();
  const std::size_t size = std::size_t{6} << 20;
  std::byte* const at = filled(size, 7);
  EXPECT_EQ(heap->size_of(at), size);
  EXPECT_TRUE(heap->owns(at));
  EXPECT_FALSE(heap->owns(at + 4096));
  const Block moved = heap->reallocate(at, plain(size), 10 * size);
  ASSERT_TRUE(moved);
  EXPECT_TRUE(is_filled(moved.at, size, 7));
  const Block back = heap->reallocate(moved.at, plain(10 * size), 1000);
  ASSERT_TRUE(back);
  EXPECT_TRUE(is_filled(back.at, 1000, 7));
  EXPECT_LT(heap->size_of(back.at), 1100u);
  heap->deallocate(back.at, plain(1000));
  EXPECT_EQ(heap->counters().live_blocks, 0u);
}

TEST_F(ProcessHeapTest, WhatIsResizedGetsOneOfFourSizesInEachDoubling) {
  start();
  const std::pair<std::size_t, std::size_t> sizes[] = {{1009, 1024},  {1024, 1024}, {1025, 1280}, {1281, 1536},
                                                       {2048, 2048},  {2049, 2560}, {5000, 5120}, {8191, 8192},
                                                       {8192, 8192},  {8193, 8208}};
  for (const auto& [size, granted] : sizes) {
    for (const std::size_t before : {100u, 1500u, 9000u}) {
      const Block lent = heap->allocate(plain(before));
      EXPECT_EQ(heap->size_of(lent.at), (before + 15) / 16 * 16);
      std::memset(lent.at, 5, before);
      const Block made = heap->reallocate(lent.at, plain(heap->size_of(lent.at)), size);
      ASSERT_TRUE(made);
      EXPECT_EQ(heap->size_of(made.at), granted) << before << " to " << size;
      EXPECT_TRUE(is_filled(made.at, std::min(before, size), 5));
      const Block same = heap->reallocate(made.at, plain(granted), size);
      EXPECT_EQ(same.at, made.at);
      EXPECT_EQ(heap->size_of(same.at), granted);
      heap->deallocate(same.at, plain(size));
    }
  }
  EXPECT_EQ(heap->counters().live_blocks, 0u);
  EXPECT_EQ(heap->check(), Fault::none);
}

TEST_F(ProcessHeapTest, OtherSizesThanThoseAreWrong) {
  start();
  std::byte* const lent = filled(1100, 1);
  EXPECT_DEATH(heap->deallocate(lent, plain(1200)), "another size or alignment");
  EXPECT_DEATH(heap->deallocate(lent, plain(1000)), "another size or alignment");
  std::byte* const made = heap->reallocate(filled(100, 1), plain(112), 1100).at;
  EXPECT_DEATH(heap->deallocate(made, plain(1300)), "another size or alignment");
  EXPECT_DEATH(heap->deallocate(made, plain(1024)), "another size or alignment");
  heap->deallocate(made, plain(1100));
  EXPECT_DEATH(heap->deallocate(made, plain(1100)), "freed a block that is free already|free already");
  heap->deallocate(lent, plain(1100));
}

TEST_F(ProcessHeapTest, ABufferThatGrowsAndShrinksHardlyTakesTheLock) {
  start();
  std::byte* at = filled(80, 3);
  const auto lines = [&](std::size_t count) {
    const std::size_t before = heap->counters().times_locked;
    for (std::size_t index = 0; index != count; ++index) {
      at = heap->reallocate(at, plain(80), 1009 + index * 37 % 7184).at;
      at = heap->reallocate(at, plain(heap->size_of(at)), 80).at;
    }
    return heap->counters().times_locked - before;
  };
  EXPECT_LE(lines(1000), 100u);
  EXPECT_TRUE(is_filled(at, 80, 3));
  heap->release(at);
}

TEST_F(ProcessHeapTest, WrongFreesOfMappingsStop) {
  start();
  std::byte* const at = filled(std::size_t{6} << 20, 7);
  EXPECT_DEATH(heap->release(at + 4096), "freed an address that this heap has not lent");
  EXPECT_DEATH(heap->deallocate(at, plain(std::size_t{7} << 20)), "another size or alignment");
  EXPECT_DEATH(heap->release(reinterpret_cast<std::byte*>(&heap)), "freed an address that this heap has not lent");
  heap->release(at);
  EXPECT_DEATH(heap->release(at), "freed an address that this heap has not lent");
}

}  // namespace
}  // namespace bareheap::drop_in
