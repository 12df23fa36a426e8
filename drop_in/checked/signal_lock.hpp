// SPDX-License-Identifier: MIT
// A lock of threads that no signal's handler finds taken by the thread that it interrupted: signals wait while it is
// held. It stays right over a fork() that is made between lock() and unlock().
#pragma once

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>

namespace bareheap::drop_in {

class SignalLock {
 public:
  constexpr SignalLock() noexcept = default;

  void lock() noexcept {
    // Past the C library, which would let its own two signals through.
    const std::uint64_t all = ~std::uint64_t{0};
    std::uint64_t before = 0;
    ::syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, &before, sizeof all);
    ::pthread_mutex_lock(&mutex_);
    before_ = before;
    holder_.store(::pthread_self(), std::memory_order_relaxed);
  }

  void unlock() noexcept {
    const std::uint64_t before = before_;
    holder_.store(0, std::memory_order_relaxed);
    ::pthread_mutex_unlock(&mutex_);
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, nullptr, sizeof before);
  }

  /// Relaxed, and exact: only this thread writes its own name.
  bool is_held_here() const noexcept { return holder_.load(std::memory_order_relaxed) == ::pthread_self(); }

 private:
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  std::atomic<pthread_t> holder_{0};
  std::uint64_t before_ = 0;  // the holder's mask of signals
};

}  // namespace bareheap::drop_in
