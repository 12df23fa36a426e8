// SPDX-License-Identifier: MIT
// CpuCached in programs whose signals' handlers allocate and free, and that fork while all threads are at work.
#include "bareheap/wrappers/cpu_cached.hpp"

#include "bareheap/core/statistics.hpp"
#include "bareheap/engines/granule_heap.hpp"
#include "ports/host/threads.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

/// The sanitizer's: a child of several threads may have threads of its own.
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }

namespace bareheap {
namespace {

constexpr std::uint32_t cpus = 4;
constexpr std::size_t memory_size = std::size_t{4} << 20;

/// Threads to which a signal comes now and then where it is nested.
struct Raising : host::Threads<cpus> {
  static int mask_interrupts() noexcept {
    const int state = Threads::mask_interrupts();
    if (is_armed && ++count % 16 == 0) static_cast<void>(::raise(SIGUSR1));
    return state;
  }
  static void restore_interrupts(int state) noexcept {
    if (is_armed && ++count % 16 == 0) static_cast<void>(::raise(SIGUSR1));
    Threads::restore_interrupts(state);
  }
  static inline thread_local bool is_armed = false;
  static inline thread_local unsigned count = 0;
};

struct Item {
  std::byte* at = nullptr;
  std::size_t size = 0;
};

/// A heap, and blocks in it that all threads take from each other. A handler has blocks of its own thread's.
template <class Heap>
class Workshop {
 public:
  explicit Workshop(std::size_t size) : memory_(size) {
    EXPECT_TRUE(heap.init(memory_.region()));
    here = this;
    struct sigaction action {};
    action.sa_handler = handle;
    action.sa_flags = SA_RESTART;
    for (const int number : {SIGUSR1, SIGALRM}) EXPECT_EQ(::sigaction(number, &action, nullptr), 0);
  }

  void work(unsigned seed, unsigned steps) {
    std::minstd_rand random(seed);
    Raising::is_armed = has_handlers;
    may_handle = has_handlers;
    for (unsigned step = 0; step < steps; ++step) change(slots[random() % slots.size()], random());
    Raising::is_armed = false;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    may_handle = false;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    for (Item& item : of_handler) drop(std::exchange(item, {}));
  }

  void free_all() {
    for (auto& slot : slots) drop(taken(slot));
  }

  void expect_nothing_lost() {
    heap.trim();
    EXPECT_EQ(heap.check(), Fault::none);
    const Statistics figures = statistics_of(heap);
    EXPECT_EQ(figures.used_bytes, 0u);
    EXPECT_EQ(figures.free_tiles, 1u);
    EXPECT_EQ(torn, 0u);
  }

  /// In a child: all stocks of the threads that are gone are there. At most the block that each had in hand is not
  /// known.
  bool is_whole(unsigned in_hand) {
    std::size_t known = 0;
    for (auto& slot : slots) known += slot.load() != nullptr;
    std::vector<std::byte*> used;
    used.reserve(slots.size() + 64);
    heap.walk([&](const Extent& tile) {
      if (tile.kind == ExtentKind::used) used.push_back(const_cast<std::byte*>(tile.at));
    });
    if (heap.check() != Fault::none || used.size() < known || used.size() > known + in_hand) return false;
    for (std::byte* const at : used) heap.release(at);
    heap.trim();
    const Statistics figures = statistics_of(heap);
    return heap.check() == Fault::none && figures.used_bytes == 0 && figures.free_tiles == 1;
  }

  Heap heap;
  bool has_handlers = true;
  std::atomic<unsigned> torn{0};
  std::atomic<unsigned> nested{0};
  std::array<std::atomic<std::byte*>, 256> slots{};

 private:
  static void handle(int) {
    if (!may_handle) return;
    static thread_local unsigned next = 0;
    if (Heap::is_nested()) here->nested.fetch_add(1, std::memory_order_relaxed);
    Item& item = of_handler[++next % of_handler.size()];
    here->drop(std::exchange(item, {}));
    item.at = here->made(next * 37 % 1200);
  }

  // The first byte tells whose block it is: nobody else writes there.
  std::byte* made(std::size_t size) {
    const Block block = heap.allocate(Layout(size, 8));
    if (block) std::memset(block.at, fill_of(block.at), block.size);
    return block.at;
  }
  void drop(Item item) { drop(item.at); }
  void drop(std::byte* at) {
    if (at == nullptr) return;
    const std::size_t size = heap.size_of(at);
    const std::byte fill{fill_of(at)};
    if (!std::all_of(at, at + size, [&](std::byte byte) { return byte == fill; })) ++torn;
    size % 32 == 0 ? heap.release(at) : heap.deallocate(at, Layout(size, 8));
  }
  static std::uint8_t fill_of(const std::byte* at) { return static_cast<std::uint8_t>(address_of(at) >> 4); }

  static std::byte* taken(std::atomic<std::byte*>& slot) { return slot.exchange(nullptr); }

  void change(std::atomic<std::byte*>& slot, std::size_t any) {
    if (std::byte* const at = taken(slot); at != nullptr) return drop(at);
    std::byte* const at = made(any % (any % 8 == 0 ? 3000 : 400));
    if (at != nullptr) drop(slot.exchange(at));
  }

  test::HostRegion memory_;
  static inline Workshop* here = nullptr;
  static inline thread_local bool may_handle = false;
  static inline thread_local std::array<Item, 8> of_handler{};
};

template <class Heap>
struct CpuSignals : testing::Test {};
using Heaps = testing::Types<CpuCached<GranuleHeap, host::Threads<cpus>>, CpuCached<GranuleHeap, Raising>,
                             CpuCached<GranuleHeap, Raising, ByMap>>;
TYPED_TEST_SUITE(CpuSignals, Heaps);

// Where there is plenty, and where stocks are called back all the time.
TYPED_TEST(CpuSignals, a_storm_of_handlers_that_allocate_and_free_breaks_nothing) {
  for (const std::size_t size : {memory_size, std::size_t{65536}}) {
    Workshop<TypeParam> shop(size);
    const ::itimerval often{{0, 200}, {0, 200}};
    EXPECT_EQ(::setitimer(ITIMER_REAL, &often, nullptr), 0);
    {
      std::atomic<unsigned> left{cpus + 1};
      std::vector<std::jthread> crowd;
      for (unsigned number = 0; number <= cpus; ++number) {
        crowd.emplace_back([&, number] {
          shop.work(number + 1, 10000);
          --left;
        });
      }
      while (left != 0) {
        for (std::jthread& thread : crowd) ::pthread_kill(thread.native_handle(), SIGUSR1);
        ::usleep(50);
      }
    }
    const ::itimerval never{};
    EXPECT_EQ(::setitimer(ITIMER_REAL, &never, nullptr), 0);
    if (!std::is_same_v<TypeParam, CpuCached<GranuleHeap, host::Threads<cpus>>>) {
      EXPECT_GT(shop.nested, 100u);
    }
    shop.free_all();
    shop.expect_nothing_lost();
  }
}

// Two threads fork at once, while three more are at work. A child that hangs is ended by its alarm.
TYPED_TEST(CpuSignals, forks_of_threads_at_work_lose_nothing) {
  Workshop<TypeParam> shop(memory_size);
  shop.has_handlers = false;
  std::atomic<bool> ends{false};
  std::atomic<unsigned> broken{0};
  const auto fork_often = [&] {
    for (int count = 0; count < 15; ++count) {
      shop.heap.before_fork();
      const ::pid_t child = ::fork();
      if (child == 0) {
        shop.heap.after_fork_in_child();
        ::alarm(60);
        ::_exit(shop.is_whole(4) ? 0 : 1);
      }
      shop.heap.after_fork_in_parent();
      int status = -1;
      while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
      if (status != 0) ++broken;
    }
  };
  {
    std::vector<std::jthread> crowd;
    for (unsigned number = 0; number < 3; ++number) {
      crowd.emplace_back([&, number] {
        while (!ends) shop.work(number + 1, 200);
      });
    }
    std::jthread other(fork_often);
    fork_often();
    other.join();
    ends = true;
  }
  EXPECT_EQ(broken, 0u);
  shop.free_all();
  shop.expect_nothing_lost();
}

// A child goes on with threads of its own, which have the numbers of those that are gone.
TEST(HostThreads, of_a_child_have_the_lowest_numbers_again) {
  const std::uint32_t here = host::Threads<cpus>::cpu();
  std::atomic<bool> has_number{false};
  std::atomic<bool> ends{false};
  std::jthread other([&] {
    static_cast<void>(host::Threads<cpus>::cpu());
    has_number = true;
    has_number.notify_all();
    ends.wait(false);
  });
  has_number.wait(false);
  const ::pid_t child = ::fork();
  if (child == 0) {
    host::Threads<cpus>::forget_others();
    std::uint32_t next = 0;
    std::thread([&] { next = host::Threads<cpus>::cpu(); }).join();
    ::_exit(host::Threads<cpus>::cpu() == here && next == (here == 0 ? 1 : 0) ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  ends = true;
  ends.notify_all();
}

TEST(HostThreads, know_where_they_are_nested) {
  using P = host::Threads<cpus>;
  EXPECT_FALSE(P::is_nested());
  const int outer = P::mask_interrupts();
  const int inner = P::mask_interrupts();
  P::restore_interrupts(inner);
  EXPECT_TRUE(P::is_nested());
  P::restore_interrupts(outer);
  EXPECT_FALSE(P::is_nested());
}

}  // namespace
}  // namespace bareheap
