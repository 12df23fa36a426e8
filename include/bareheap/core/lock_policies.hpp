// SPDX-License-Identifier: MIT
//
// Ways to keep others out, as types. A lock that is taken again by whom it is held stops the program with a sentence,
// as it would wait for ever; so does one that is released by another.
//
//   policy                       several CPUs   used in interrupts   costs
//   NoLock                       no             no (it stops)        a flag
//   InterruptsSaved<P>           no (it stops)  yes                  masking
//   SpinLock<P>                  yes            no (it stops)        one exclusive access
//   SpinWithInterruptsSaved<P>   yes            yes                  both
//
// "Used in interrupts" means that a handler may take it in any way; try_lock() may be called there under each of them.
// A spinning lock is not fair: among CPUs that wait, any may be next. Its holder must not move to another CPU, so under
// a scheduler that moves threads SpinLock wants preemption switched off; SpinWithInterruptsSaved sees to it by itself.
#pragma once

#include "bareheap/core/fault.hpp"
#include "bareheap/core/processor.hpp"

#include <atomic>
#include <concepts>
#include <cstdint>

namespace bareheap {

/// lock() waits until the lock is free and takes it; try_lock() never waits. What a policy has to remember until
/// unlock() (the interrupt state) is the holder's, in a State. `caller` is for the sentence.
template <class L>
concept LockPolicy = std::default_initializable<L> && std::semiregular<typename L::State> &&
                     requires(L& lock, typename L::State& state, const void* caller) {
                       { lock.lock(state, caller) } noexcept -> std::same_as<void>;
                       { lock.try_lock(state) } noexcept -> std::same_as<bool>;
                       { lock.unlock(state, caller) } noexcept -> std::same_as<void>;
                     };

/// For one CPU whose interrupt handlers stay away from the heap: nothing is locked. A flag tells when a handler, the
/// sink of a walk or the path out of memory comes in nevertheless.
class NoLock {
 public:
  struct State {};

  constexpr NoLock() noexcept = default;

  void lock(State& state, const void* caller) noexcept {
    if (!try_lock(state)) [[unlikely]] {
      panic({.fault = Fault::lock_taken_again, .address = this, .caller = caller});
    }
  }

  // Relaxed: the only other party is a handler on the same CPU, which sees this CPU's accesses in program order; the
  // signal fences keep the compiler from moving the heap's accesses out from between.
  bool try_lock(State&) noexcept {
    if (taken_.load(std::memory_order_relaxed)) return false;
    taken_.store(true, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_acquire);
    return true;
  }

  void unlock(State&, const void*) noexcept {
    std::atomic_signal_fence(std::memory_order_release);
    taken_.store(false, std::memory_order_relaxed);
  }

 private:
  std::atomic<bool> taken_{false};
};

/// For one CPU with interrupts: they are masked while the lock is held.
template <Processor P>
class InterruptsSaved {
 public:
  using State = decltype(P::mask_interrupts());

  constexpr InterruptsSaved() noexcept = default;

  void lock(State& state, const void* caller) noexcept {
    if (!try_lock(state)) [[unlikely]] panic({.fault = why_taken(), .address = this, .caller = caller});
  }

  // Relaxed: the lock is for one CPU, and masking is a compiler barrier. A second CPU is noticed where it is seen;
  // nothing orders its accesses.
  bool try_lock(State& state) noexcept {
    state = P::mask_interrupts();
    if (holder_.load(std::memory_order_relaxed) == 0) {
      holder_.store(P::cpu() + 1, std::memory_order_relaxed);
      return true;
    }
    P::restore_interrupts(state);
    return false;
  }

  void unlock(State& state, const void* caller) noexcept {
    if (!is_held_here()) [[unlikely]] {
      panic({.fault = Fault::lock_not_held, .address = this, .caller = caller});
    }
    holder_.store(0, std::memory_order_relaxed);
    P::restore_interrupts(state);
  }

  /// Relaxed, and exact: only this CPU writes its own number, and it sees its own writes in order.
  bool is_held_here() const noexcept { return holder_.load(std::memory_order_relaxed) == P::cpu() + 1; }

 private:
  Fault why_taken() const noexcept { return is_held_here() ? Fault::lock_taken_again : Fault::lock_of_one_cpu; }

  std::atomic<std::uint32_t> holder_{0};  // 0: nobody; else the number of the CPU and 1
};

/// For several CPUs whose interrupt handlers stay away from the heap: they wait for each other in a loop. The word that
/// is the lock is the holder's number, so there is no moment at which it is held by nobody knows whom.
template <Processor P>
class SpinLock {
 public:
  struct State {};

  constexpr SpinLock() noexcept = default;

  void lock(State& state, const void* caller) noexcept {
    if (try_lock(state)) [[likely]] return;
    do {
      stop_if_endless(caller);
      wait();
    } while (!try_lock(state));
    count_contention();
  }

  bool try_lock(State&) noexcept {
    const std::uint32_t self = P::cpu() + 1;
    std::uint32_t holder = 0;
    if (P::exclusives_work()) [[likely]] {
      // Acquire: what the last holder wrote before its release of this word is seen by what follows. Relaxed where it
      // failed: nothing is read on the strength of that. Strong: a try form must not fail without a reason.
      return holder_.compare_exchange_strong(holder, self, std::memory_order_acquire, std::memory_order_relaxed);
    }
    // Relaxed: one CPU runs, and it sees its own accesses in order. A handler between the two leaves the lock as it
//           was.
    if (holder_.load(std::memory_order_relaxed) != 0) return false;
    holder_.store(self, std::memory_order_relaxed);
    return true;
  }

  void unlock(State&, const void* caller) noexcept {
    if (!is_held_here()) [[unlikely]] {
      panic({.fault = Fault::lock_not_held, .address = this, .caller = caller});
    }
    // Release: all that this CPU did to the heap is seen by whoever acquires the 0.
    holder_.store(0, std::memory_order_release);
  }

  /// How often lock() found it taken, modulo 2^32.
  std::uint32_t contentions() const noexcept { return contentions_.load(std::memory_order_relaxed); }

  /// Relaxed, and exact: only this CPU writes its own number, and it sees its own writes in order.
  bool is_held_here() const noexcept { return holder_.load(std::memory_order_relaxed) == P::cpu() + 1; }

  /// The lock was found taken: stops where waiting would never end.
  void stop_if_endless(const void* caller) const noexcept {
    if (is_held_here()) [[unlikely]] {
      panic({.fault = Fault::lock_taken_again, .address = this, .caller = caller});
    }
    if (!P::exclusives_work()) [[unlikely]] {
      panic({.fault = Fault::lock_of_one_cpu, .address = this, .caller = caller});
    }
  }

  /// Until the lock looks free. Relaxed: a hint only, the exchange in try_lock() decides. Reading leaves the cache line
  /// shared; waiting by exchanges would take it from the holder each time.
  void wait() const noexcept {
    while (holder_.load(std::memory_order_relaxed) != 0) P::pause();
  }

  /// Only the holder writes the count, so it is no exclusive access; it is atomic for those who read it without the
  /// lock.
  void count_contention() noexcept {
    contentions_.store(contentions_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

 private:
  AtomicOf<P, std::uint32_t> holder_{0};  // 0: nobody; else the number of the CPU and 1
  AtomicOf<P, std::uint32_t> contentions_{0};
};

/// For several CPUs with interrupts, and for threads that a scheduler moves. Interrupts are masked before the lock is
/// taken until after it is released; while it waits they are as they were, so a long queue does not delay them.
template <Processor P>
class SpinWithInterruptsSaved {
 public:
  using State = decltype(P::mask_interrupts());

  constexpr SpinWithInterruptsSaved() noexcept = default;

  void lock(State& state, const void* caller) noexcept {
    if (try_lock(state)) [[likely]] return;
    do {
      stop_if_endless(caller);
      spin_.wait();
    } while (!try_lock(state));
    spin_.count_contention();
  }

  bool try_lock(State& state) noexcept {
    state = P::mask_interrupts();
    typename SpinLock<P>::State none;
    if (spin_.try_lock(none)) return true;
    P::restore_interrupts(state);
    return false;
  }

  void unlock(State& state, const void* caller) noexcept {
    typename SpinLock<P>::State none;
    spin_.unlock(none, caller);
    P::restore_interrupts(state);
  }

  std::uint32_t contentions() const noexcept { return spin_.contentions(); }
  bool is_held_here() const noexcept { return spin_.is_held_here(); }

 private:
  // Masked, so that the CPU that is asked for and the holder that is read are one moment's.
  void stop_if_endless(const void* caller) const noexcept {
    const State state = P::mask_interrupts();
    spin_.stop_if_endless(caller);
    P::restore_interrupts(state);
  }

  SpinLock<P> spin_;
};

}  // namespace bareheap
