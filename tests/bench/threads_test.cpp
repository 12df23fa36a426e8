// SPDX-License-Identifier: MIT
// The loads of several threads are what they are said to be, on a heap that watches them.
#include "churn.hpp"
#include "larson.hpp"
#include "measure.hpp"
#include "producer_consumer.hpp"
#include "same_class.hpp"
#include "shared_heaps.hpp"

#include "bareheap/core/lock_policies.hpp"
#include "bareheap/engines/granule_heap.hpp"
#include "bareheap/wrappers/cpu_cached.hpp"
#include "bareheap/wrappers/locked.hpp"
#include "ports/host/threads.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>

namespace {

using namespace bareheap;
using namespace bareheap::bench;

constexpr std::size_t steps = 3000;

/// Knows who each block was lent to.
class Observed {
 public:
  std::byte* allocate(std::size_t size) {
    const std::lock_guard guard(mutex_);
    ++calls_;
    least = std::min(least, size);
    largest = std::max(largest, size);
    std::byte* const at = static_cast<std::byte*>(std::malloc(size));
    *at = std::byte{0xA5};
    owners_[at] = {std::this_thread::get_id(), size};
    return at;
  }

  void deallocate(std::byte* at, std::size_t size) {
    const std::lock_guard guard(mutex_);
    ++calls_;
    const auto [owner, lent] = owners_.at(at);
    mistaken += lent != size;
    unwritten += *at == std::byte{0xA5} && size % 256 != 0xA5;
    const std::thread::id self = std::this_thread::get_id();
    passed += self != main_ && owner != main_ && owner != self;
    owners_.erase(at);
    std::free(at);
  }

  std::size_t live() const { return owners_.size(); }

  /// In place of a lock that was taken: each call.
  std::uint64_t locks() const { return calls_; }

  std::size_t passed = 0;  // freed by another thread than the one they were lent to
  std::size_t mistaken = 0;
  std::size_t unwritten = 0;
  std::size_t least = 1000;
  std::size_t largest = 0;

 private:
  struct Owner {
    std::thread::id thread;
    std::size_t size;
  };

  const std::thread::id main_ = std::this_thread::get_id();
  std::mutex mutex_;
  std::uint64_t calls_ = 0;
  std::map<std::byte*, Owner> owners_;
};

/// Runs a load on an observed heap to its end.
template <template <class> class Load>
struct Watched {
  explicit Watched(std::uint32_t threads) {
    {
      Load<Observed> load(heap, threads);
      measured = measure(load, heap, threads, steps);
    }
    EXPECT_EQ(measured.calls, measured.taken.locks) << "every call is counted";
    EXPECT_NEAR(static_cast<double>(measured.calls), 2.0 * steps * threads, 1500.0 * threads);
    EXPECT_GT(measured.taken.cpu_seconds, 0.0);
    EXPECT_GT(measured.taken.wall_seconds, 0.0);
    EXPECT_EQ(heap.live(), 0U);
    EXPECT_EQ(heap.mistaken, 0U);
    EXPECT_EQ(heap.unwritten, 0U);
  }

  Observed heap;
  Measured measured;
};

TEST(Threads, SameClassHasOneSizeAndFreesItsOwn) {
  const Watched<SameClass> watched(2);
  EXPECT_EQ(watched.heap.least, watched.heap.largest);
  EXPECT_EQ(watched.heap.passed, 0U);
}

TEST(Threads, ProducersFreeNothing) {
  const Watched<ProducerConsumer> watched(4);
  EXPECT_GE(watched.heap.passed, watched.measured.calls / 2) << "of all calls every second is a free";
  EXPECT_EQ(Watched<ProducerConsumer>(1).heap.passed, 0U);
  Observed heap;
  EXPECT_THROW(ProducerConsumer<Observed>(heap, 3), std::invalid_argument);
}

TEST(Threads, LarsonsLeaveBlocksToEachOther) {
  const Watched<Larson> watched(2);
  EXPECT_GT(watched.heap.passed, 0U);
  EXPECT_EQ(watched.heap.least, 8U);
  EXPECT_EQ(watched.heap.largest, 1000U);
}

TEST(Threads, ChurnFreesWhatOthersLent) {
  const Watched<Churn> watched(2);
  EXPECT_GT(watched.heap.passed, 0U);
  EXPECT_LT(watched.heap.passed, watched.measured.calls / 8);
  EXPECT_EQ(Watched<Churn>(1).heap.passed, 0U);
}

TEST(Threads, AloneSharesNothingAndIsMostlySmall) {
  const Watched<Alone> watched(2);
  EXPECT_EQ(watched.heap.passed, 0U);
  EXPECT_LT(watched.heap.largest, 600U);
}

TEST(Threads, ARefusalEndsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  struct Refusing {
    std::byte* allocate(std::size_t) { return nullptr; }
  } heap;
  EXPECT_EXIT(lend(heap, 1), testing::ExitedWithCode(1), "no room for the load");
}

/// The sanitizer watches these.
template <class Heap>
void run_all() {
  const auto run = []<template <class> class Load> {
    Heap heap;
    Load<Heap> load(heap, 2);
    EXPECT_GE(measure(load, heap, 2, steps).calls, 2 * steps);
  };
  run.template operator()<SameClass>();
  run.template operator()<ProducerConsumer>();
  run.template operator()<Larson>();
  run.template operator()<Churn>();
  run.template operator()<Alone>();
}

TEST(Threads, RunWithStocksOfTheirOwn) { run_all<Shared<CpuCached<GranuleHeap, host::Threads<4>>>>(); }
TEST(Threads, RunBehindALock) { run_all<Shared<Locked<GranuleHeap, SpinWithInterruptsSaved<host::Threads<4>>>>>(); }

}  // namespace
