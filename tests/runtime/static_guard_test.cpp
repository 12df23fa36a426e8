// SPDX-License-Identifier: MIT
#include "runtime/static_guard.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace {

using bareheap::runtime::StaticGuard;

thread_local std::uint32_t my_number = 0;

std::uint32_t number_of_thread() noexcept { return my_number; }
std::uint32_t number_unknown() noexcept { return 0; }

[[noreturn]] void say_and_leave(const char* sentence) noexcept {
  std::fprintf(stderr, "%s\n", sentence);
  std::_Exit(3);
}

using Guard = StaticGuard<number_of_thread, say_and_leave>;
using NamelessGuard = StaticGuard<number_unknown, say_and_leave>;

/// What the compiler reads before it calls for the guard.
std::uint8_t first_byte(const std::uint64_t& guard) { return *reinterpret_cast<const std::uint8_t*>(&guard); }

/// Eight threads want the same statics in the same order: who comes first has more to do, so the others catch up and
/// they meet at one guard after the other. Plain numbers stand for what is constructed: a second construction, or one
/// that is seen half done, makes a number wrong.
template <class G>
void construct_once_in_eight_threads() {
  constexpr int threads = 8;
  constexpr std::size_t statics = 200'000;
  std::vector<std::uint64_t> guards(statics);
  std::vector<int> constructed(statics);
  std::atomic<int> wrong = 0;
  std::barrier start(threads);
  std::vector<std::thread> crowd;
  for (std::uint32_t number = 1; number <= threads; ++number) {
    crowd.emplace_back([&, number] {
      my_number = number;
      start.arrive_and_wait();
      for (std::size_t index = 0; index < statics; ++index) {
        G guard(guards[index]);
        if (guard.acquire()) {
          constructed[index] = constructed[index] + 1;
          guard.release();
        }
        if (constructed[index] != 1) ++wrong;
      }
    });
  }
  for (std::thread& thread : crowd) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(std::count(constructed.begin(), constructed.end(), 1), static_cast<std::ptrdiff_t>(statics));
  EXPECT_EQ(std::count_if(guards.begin(), guards.end(), first_byte), static_cast<std::ptrdiff_t>(statics));
}

TEST(StaticGuard, EightThreadsConstructOnce) { construct_once_in_eight_threads<Guard>(); }

TEST(StaticGuard, EightThreadsThatCannotBeToldApartConstructOnce) { construct_once_in_eight_threads<NamelessGuard>(); }

TEST(StaticGuard, TheFirstByteTurnsOneWithReleaseAndNotBefore) {
  my_number = 1;
  std::uint64_t guard = 0;
  Guard view(guard);
  EXPECT_TRUE(view.acquire());
  EXPECT_EQ(first_byte(guard), 0);
  view.release();
  EXPECT_EQ(first_byte(guard), 1);
  EXPECT_FALSE(view.acquire());
}

TEST(StaticGuard, AfterAbortTheNextConstructs) {
  my_number = 1;
  std::uint64_t guard = 0;
  Guard view(guard);
  EXPECT_TRUE(view.acquire());
  view.abort();
  EXPECT_EQ(first_byte(guard), 0);
  EXPECT_TRUE(view.acquire());
  view.release();
  EXPECT_FALSE(view.acquire());
}

TEST(StaticGuard, AnotherThreadWaitsUntilRelease) {
  my_number = 1;
  std::uint64_t guard = 0;
  Guard view(guard);
  ASSERT_TRUE(view.acquire());
  std::atomic<bool> passed = false;
  std::thread other([&] {
    my_number = 2;
    EXPECT_FALSE(Guard(guard).acquire());
    passed = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(passed);
  view.release();
  other.join();
  EXPECT_TRUE(passed);
}

TEST(StaticGuardDeathTest, ARecursionStopsWithASentence) {
  my_number = 7;
  std::uint64_t guard = 0;
  Guard view(guard);
  ASSERT_TRUE(view.acquire());
  EXPECT_EXIT(view.acquire(), testing::ExitedWithCode(3),
              "a static variable's initialiser needs the static variable itself");
}

}  // namespace
