// SPDX-License-Identifier: MIT
#include "ports/host/threads.hpp"

#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <cstdio>
#include <cstdlib>

namespace bareheap::host::threads {

namespace {

constexpr std::uint32_t most_numbers = 1024;

/// A bit for each number that a living thread has.
constinit std::atomic<std::uint64_t> taken[most_numbers / 64] = {};

/// No other thread has it, and it is no number of a CPU.
std::uint32_t number_without_stock() noexcept { return 0x80000000U | static_cast<std::uint32_t>(::gettid()); }

/// Acquire and release: what the last thread with this number did to its stock is seen by the next one.
std::uint32_t lowest_free_number() noexcept {
  for (std::uint32_t index = 0; index < most_numbers / 64; ++index) {
    std::uint64_t seen = taken[index].load(std::memory_order_relaxed);
    while (~seen != 0) {
      const auto bit = static_cast<std::uint32_t>(std::countr_one(seen));
      if (taken[index].compare_exchange_weak(seen, seen | std::uint64_t{1} << bit, std::memory_order_acquire,
                                             std::memory_order_relaxed)) {
        return index * 64 + bit;
      }
    }
  }
  return number_without_stock();
}

/// Gives the number back when its thread ends. What other destructors free after that goes without a stock.
class Departure {
 public:
  explicit Departure(std::uint32_t given) noexcept : number_(given) {}
  Departure(const Departure&) = delete;
  Departure& operator=(const Departure&) = delete;
  ~Departure() {
    number = number_without_stock();
    if (number_ < most_numbers) {
      taken[number_ / 64].fetch_and(~(std::uint64_t{1} << number_ % 64), std::memory_order_release);
    }
  }

 private:
  std::uint32_t number_;
};

}  // namespace

void arrive() noexcept {
  number = lowest_free_number();  // first: what follows may allocate
  static thread_local const Departure departure(number);
}

void pause() noexcept {
  static constinit thread_local unsigned rounds = 0;
  if (++rounds % 32 == 0) ::sched_yield();
}

void fence_all() noexcept {
  if (::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0) return;
  static_cast<void>(::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
  if (::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0) return;
  std::fputs("bareheap: this kernel has no membarrier, which threads with stocks of their own need\n", stderr);
  std::abort();
}

}  // namespace bareheap::host::threads
