// SPDX-License-Identifier: MIT
// CpuCached with threads as CPUs, under the sanitizer that knows what happens before what.
#include "bareheap/wrappers/cpu_cached.hpp"

#include "bareheap/core/statistics.hpp"
#include "bareheap/engines/granule_heap.hpp"
#include "ports/host/threads.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <random>
#include <semaphore>
#include <thread>
#include <vector>

namespace bareheap {
namespace {

constexpr std::uint32_t cpus = 4;

/// Threads that are preempted now and then where it hurts: between any two steps that concern others.
struct Preempted : host::Threads<cpus> {
  static std::uint32_t known_cpu() noexcept {
    stumble();
    return Threads::known_cpu();
  }
  static int mask_interrupts() noexcept {
    stumble();
    return 0;
  }
  static void restore_interrupts(int) noexcept { stumble(); }
  static void fence_all() noexcept {
    stumble();
    Threads::fence_all();
    stumble();
  }

  static void stumble() noexcept {
    static thread_local std::minstd_rand random(Threads::cpu() + 1);
    if (random() % 64 == 0) std::this_thread::yield();
  }
};

/// And while they are at their magazines.
template <class Detection>
struct PreemptedAt : Detection {
  template <class Node, class View>
  static bool try_put(Node& node, View& view, std::size_t number) noexcept {
    Preempted::stumble();
    return Detection::try_put(node, view, number);
  }
  template <class Node, class View>
  static void take(Node& node, View& view, std::size_t number) noexcept {
    Preempted::stumble();
    Detection::take(node, view, number);
  }
};

struct Item {
  std::byte* at;
  std::size_t size;
  std::uint8_t fill;
};

template <class Heap>
class Crowd {
 public:
  Crowd(Heap& heap, std::size_t largest) : heap_(heap), largest_(largest) {}

  /// Threads that allocate, free, and leave blocks to each other.
  void run(unsigned threads, unsigned steps) {
    std::vector<std::jthread> crowd;
    for (unsigned number = 0; number < threads; ++number) {
      crowd.emplace_back([this, number, steps] { work(number, steps); });
    }
  }

  void free_all_that_is_left() {
    for (auto& slot : slots_) drop(slot.exchange(nullptr));
  }

  unsigned torn() const { return torn_; }
  unsigned refused() const { return refused_; }

 private:
  void work(unsigned number, unsigned steps) {
    std::minstd_rand random(number + 1);
    std::vector<Item*> live;
    for (unsigned step = 0; step < steps; ++step) {
      if (live.empty() || random() % 2 == 0) {
        if (Item* const item = made(random() % largest_ + 1, static_cast<std::uint8_t>(random()))) {
          live.push_back(item);
        } else {
          for (int count = 0; count < 20 && !live.empty(); ++count) drop(taken(live, random()));
        }
      } else {
        Item* const item = taken(live, random());
        drop(random() % 2 == 0 ? item : slots_[random() % slots_.size()].exchange(item));
      }
    }
    for (Item* const item : live) drop(item);
  }

  static Item* taken(std::vector<Item*>& live, std::size_t any) {
    Item*& chosen = live[any % live.size()];
    Item* const item = chosen;
    chosen = live.back();
    live.pop_back();
    return item;
  }

  Item* made(std::size_t size, std::uint8_t fill) {
    const Block block = heap_.allocate(Layout(size, 8));
    if (!block) {
      ++refused_;
      return nullptr;
    }
    std::memset(block.at, fill, size);
    return new Item{block.at, size, fill};
  }

  void drop(Item* item) {
    if (item == nullptr) return;
    for (std::size_t index = 0; index < item->size; ++index) {
      if (item->at[index] != std::byte{item->fill}) {
        ++torn_;
        break;
      }
    }
    heap_.deallocate(item->at, Layout(item->size, 8));
    delete item;
  }

  Heap& heap_;
  std::size_t largest_;
  std::array<std::atomic<Item*>, 64> slots_{};
  std::atomic<unsigned> torn_{0};
  std::atomic<unsigned> refused_{0};
};

template <class Heap>
void expect_nothing_lost(Heap& heap) {
  heap.trim();
  EXPECT_EQ(heap.check(), Fault::none);
  const Statistics figures = statistics_of(heap);
  EXPECT_EQ(figures.used_bytes, 0u);
  EXPECT_EQ(figures.free_tiles, 1u);
}

template <class Heap>
struct CpuThreads : testing::Test {};
using Heaps =
    testing::Types<CpuCached<GranuleHeap, host::Threads<cpus>>, CpuCached<GranuleHeap, host::Threads<cpus>, ByMap>,
                   CpuCached<GranuleHeap, Preempted, PreemptedAt<ByKey>>,
                   CpuCached<GranuleHeap, Preempted, PreemptedAt<ByMap>>>;
TYPED_TEST_SUITE(CpuThreads, Heaps);

TYPED_TEST(CpuThreads, lose_nothing_where_there_is_plenty) {
  const test::HostRegion memory(std::size_t{8} << 20);
  TypeParam heap;
  ASSERT_TRUE(heap.init(memory.region()));
  Crowd<TypeParam> crowd(heap, 600);
  crowd.run(4, 8000);
  crowd.free_all_that_is_left();
  EXPECT_EQ(crowd.torn(), 0u);
  EXPECT_EQ(crowd.refused(), 0u);
  expect_nothing_lost(heap);
}

// More threads than there are stocks, and hardly any memory: stocks are called back all the time.
TYPED_TEST(CpuThreads, lose_nothing_where_memory_is_scarce) {
  const test::HostRegion memory(65536);
  TypeParam heap;
  ASSERT_TRUE(heap.init(memory.region()));
  Crowd<TypeParam> crowd(heap, 1500);
  crowd.run(6, 2500);
  crowd.free_all_that_is_left();
  EXPECT_EQ(crowd.torn(), 0u);
  EXPECT_NE(crowd.refused(), 0u);
  expect_nothing_lost(heap);
}

// Each round all threads take all that there is, in blocks of one size, and give it back: whoever comes last must find
// as much as the first, in whatever stocks it is.
TYPED_TEST(CpuThreads, exhaust_the_heap_to_the_last_block) {
  const test::HostRegion memory(std::size_t{1} << 20);
  TypeParam heap;
  ASSERT_TRUE(heap.init(memory.region()));
  const Layout asked(100, 8);
  const auto taken = [&] {
    std::vector<std::byte*> blocks;
    while (const Block block = heap.allocate(asked)) blocks.push_back(block.at);
    return blocks;
  };
  const auto freed = [&](const std::vector<std::byte*>& blocks) {
    for (std::byte* const at : blocks) heap.deallocate(at, asked);
  };
  const std::vector<std::byte*> alone = taken();
  freed(alone);
  for (int round = 0; round < 3; ++round) {
    std::array<std::vector<std::byte*>, cpus> shares;
    {
      std::vector<std::jthread> threads;
      for (auto& share : shares) threads.emplace_back([&] { share = taken(); });
    }
    std::size_t sum = 0;
    for (const auto& share : shares) sum += share.size();
    EXPECT_EQ(sum, alone.size());
    std::vector<std::jthread> threads;
    for (auto& share : shares) threads.emplace_back([&] { freed(share); });
  }
  expect_nothing_lost(heap);
}

// A thread that is blocked with a stock, and one that has ended, need not answer.
TYPED_TEST(CpuThreads, give_what_blocked_and_ended_threads_have) {
  const test::HostRegion memory(std::size_t{1} << 20);
  TypeParam heap;
  ASSERT_TRUE(heap.init(memory.region()));
  const auto use = [&] {
    std::vector<std::byte*> blocks;
    for (int count = 0; count < 200; ++count) blocks.push_back(heap.allocate(Layout(64, 8)).at);
    for (std::byte* const at : blocks) heap.deallocate(at, Layout(64, 8));
  };
  std::jthread(use).join();
  std::binary_semaphore has_used(0);
  std::binary_semaphore may_end(0);
  std::jthread blocked([&] {
    use();
    has_used.release();
    may_end.acquire();
  });
  has_used.acquire();
  expect_nothing_lost(heap);
  may_end.release();
}

TEST(HostThreads, have_the_lowest_number_that_is_free_and_more_than_all_when_there_is_none) {
  const std::uint32_t here = host::Threads<cpus>::cpu();
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  std::jthread([&] { first = host::Threads<cpus>::cpu(); }).join();
  std::jthread([&] { second = host::Threads<cpus>::cpu(); }).join();
  EXPECT_EQ(first, second);
  EXPECT_NE(first, here);
  EXPECT_EQ(host::Threads<cpus>::cpu(), here);
}

}  // namespace
}  // namespace bareheap
