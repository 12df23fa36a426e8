// SPDX-License-Identifier: MIT
#include "ports/host/threads.hpp"

#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

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

constexpr std::uint64_t bit_of(std::uint32_t given) noexcept { return std::uint64_t{1} << given % 64; }

/// Gives the number back when its thread ends. What other destructors free after that goes without a stock.
void depart(void*) noexcept {
  place = nullptr;
  const std::uint32_t given = std::exchange(number, number_without_stock());
  taken[given / 64].fetch_and(~bit_of(given), std::memory_order_release);
}

/// A key, as destructors of thread_local objects are registered in memory that is allocated for them.
constinit ::pthread_key_t departures = ~::pthread_key_t{};  // which is none
constinit ::pthread_once_t departures_made = PTHREAD_ONCE_INIT;

/// Where there are no keys left, numbers are not given back.
void make_departures() noexcept { static_cast<void>(::pthread_key_create(&departures, depart)); }

}  // namespace

void arrive() noexcept {
  number = lowest_free_number();  // first: what follows may allocate
  static_cast<void>(::pthread_once(&departures_made, make_departures));
  if (number < most_numbers) static_cast<void>(::pthread_setspecific(departures, &taken));
}

void forget_others() noexcept {
  for (std::uint32_t index = 0; index < most_numbers / 64; ++index) {
    taken[index].store(number / 64 == index ? bit_of(number) : 0, std::memory_order_relaxed);
  }
  if (number >= most_numbers) number = number_without_stock();  // the child's is another one
}

void pause() noexcept {
  static constinit thread_local unsigned rounds = 0;
  if (++rounds % 32 == 0) ::sched_yield();
}

void fence_all() noexcept {
  const int error = errno;  // the program's
  if (::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0) return;
  static_cast<void>(::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
  errno = error;
  if (::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0) return;
  std::fputs("bareheap: this kernel has no membarrier, which threads with stocks of their own need\n", stderr);
  std::abort();
}

}  // namespace bareheap::host::threads
