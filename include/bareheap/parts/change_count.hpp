// SPDX-License-Identifier: MIT
// Lets those who read without the lock know whether somebody was changing what they read: the number of changes that
// have begun, and that of those which have ended.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace bareheap {

/// `Atomic`: of std::uint64_t. On a cache line of its own, as those read it who do not take the lock.
template <class Atomic>
class alignas(64) ChangeCount {
 public:
  /// Both with the lock.
  void begin() noexcept {
    begun_.store(begun_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    // Release: who reads anything that is written from here on, and then comes to the end of look(), finds this number.
    std::atomic_thread_fence(std::memory_order_release);
  }
  void end() noexcept {
    // Release: who begins a look() with this number reads nothing older than what was written up to here.
    ended_.store(begun_.load(std::memory_order_relaxed), std::memory_order_release);
  }

  /// What `read` answers; 0: somebody has been changing what it read, which must all be atomic.
  template <class Read>
  [[gnu::always_inline]] std::size_t look(Read read) const noexcept {
    const std::uint64_t ended = ended_.load(std::memory_order_acquire);
    const std::size_t value = read();
    std::atomic_thread_fence(std::memory_order_acquire);  // both orders are argued above
    if (begun_.load(std::memory_order_relaxed) != ended) [[unlikely]] return 0;
    return value;
  }

 private:
  Atomic begun_{0};
  Atomic ended_{0};
};

}  // namespace bareheap
