// SPDX-License-Identifier: MIT
//
// Locked: one at a time. Every call takes the lock, calls the heap inside, and releases the lock.
//
//     CPU 0 --allocate--.
//     CPU 1 --lock()----+--> | policy | heap |      the heap is reached through the lock, in no other way (S3-12)
//     handler --try_----'
//
// For:      several CPUs, interrupt handlers, threads: what is kept apart is in the policy's name
//           (core/lock_policies.hpp).
// Not for:  many CPUs that allocate all the time: they queue here.
// Cost:     that of the policy for each call, and of the heap while the lock is held. walk and check hold it from their
//           start to their end: with a policy that masks interrupts, none come for so long. walk_step and check_step
//           hold it for one step of the heap inside.
// Overhead: the policy: a byte to two words.
// Taken again: a CPU that comes back for the lock it holds stops with Fault::lock_taken_again. So the sink of a walk
//           and whoever holds a guard use the guard and not the Locked heap. The try forms answer "no" instead.
// Invariants:
//   1. The policy is held whenever the heap inside is used. check() takes it, and then finds what the heap finds.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/core/lock_policies.hpp"

#include <utility>

namespace bareheap {

template <Allocator Heap, LockPolicy Policy>
class Locked {
  enum class Mode : std::uint8_t { wait, attempt };

  /// The lock, held while this lives, if it was to be had.
  class Holding {
   public:
    Holding(Policy& policy, Mode mode, const void* caller) noexcept : policy_(&policy) {
      if (mode == Mode::wait) {
        policy.lock(state_, caller);
      } else if (!policy.try_lock(state_)) {
        policy_ = nullptr;
      }
    }
    Holding(const Holding&) = delete;
    Holding& operator=(const Holding&) = delete;
    ~Holding() {
      if (policy_ != nullptr) policy_->unlock(state_, caller_here());
    }

    explicit operator bool() const noexcept { return policy_ != nullptr; }

   private:
    Policy* policy_;
    typename Policy::State state_{};
  };

 public:
  /// The lock and the way to the heap; it is released when the guard goes. It stays with the CPU that took it. The
  /// references it gives are good as long as it lives.
  class [[nodiscard]] Guard {
   public:
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

    /// False only where try_lock() found the lock taken.
    explicit operator bool() const noexcept { return static_cast<bool>(holding_); }

    Heap* operator->() const noexcept { return &**this; }

    Heap& operator*() const noexcept {
      if (!holding_) [[unlikely]] panic({.fault = Fault::lock_not_held, .address = heap_, .caller = caller_here()});
      return *heap_;
    }

   private:
    friend Locked;
    Guard(Locked& locked, Mode mode, const void* caller) noexcept
        : holding_(locked.policy_, mode, caller), heap_(&locked.heap_) {}

    Holding holding_;
    Heap* heap_;
  };

  constexpr Locked() noexcept = default;

  /// The heap inside is made of the arguments.
  template <class... Arguments>
    requires(sizeof...(Arguments) != 0 && std::constructible_from<Heap, Arguments...>)
  constexpr explicit Locked(Arguments&&... arguments) noexcept : heap_(std::forward<Arguments>(arguments)...) {}

  /// Waits for the lock.
  Guard lock() noexcept { return Guard(*this, Mode::wait, caller_here()); }

  /// Does not wait: the guard is false where the lock is taken.
  Guard try_lock() noexcept { return Guard(*this, Mode::attempt, nullptr); }

  Admission init(Region region) noexcept
    requires requires(Heap& inner) { inner.init(region); }
  {
    const Holding held(policy_, Mode::wait, caller_here());
    return heap_.init(region);
  }

  Admission add(Region region) noexcept
    requires Growable<Heap>
  {
    const Holding held(policy_, Mode::wait, caller_here());
    return heap_.add(region);
  }

  // Inlined, so that the heap inside sees the program as its caller.
  [[gnu::always_inline]] Block allocate(Layout asked) noexcept {
    const Holding held(policy_, Mode::wait, caller_here());
    return heap_.allocate(asked);
  }

  /// The same for one who asks on behalf of `caller`, where the heap inside remembers it.
  Block allocate(Layout asked, const void* caller) noexcept
    requires requires(Heap& inner) { inner.allocate(asked, caller); }
  {
    const Holding held(policy_, Mode::wait, caller);
    return heap_.allocate(asked, caller);
  }

  [[gnu::always_inline]] void deallocate(std::byte* at, Layout asked) noexcept {
    if (at == nullptr) return;
    const Holding held(policy_, Mode::wait, caller_here());
    heap_.deallocate(at, asked);
  }

  [[gnu::always_inline]] bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    const Holding held(policy_, Mode::wait, caller_here());
    return heap_.resize(at, asked, size);
  }

  /// For those who must not wait: empty where the lock is taken, as where there is no room.
  [[gnu::always_inline]] Block try_allocate(Layout asked) noexcept {
    const Holding held(policy_, Mode::attempt, nullptr);
    return held ? heap_.allocate(asked) : Block{};
  }

  /// For those who must not wait: false, and the block is still lent, where the lock is taken.
  [[nodiscard, gnu::always_inline]] bool try_deallocate(std::byte* at, Layout asked) noexcept {
    const Holding held(policy_, Mode::attempt, nullptr);
    if (held) heap_.deallocate(at, asked);
    return static_cast<bool>(held);
  }

  void trim() noexcept
    requires Stocked<Heap>
  {
    const Holding held(policy_, Mode::wait, caller_here());
    heap_.trim();
  }

  bool owns(const void* at) const noexcept {
    const Holding held(policy_, Mode::wait, caller_here());
    return heap_.owns(static_cast<const std::byte*>(at));
  }

  std::size_t size_of(const std::byte* at) const noexcept
    requires SelfSizing<Heap>
  {
    const Holding held(policy_, Mode::wait, caller_here());
    return heap_.size_of(at);
  }

  void walk(ExtentSink sink) const noexcept {
    const Holding held(policy_, Mode::wait, caller_here());
    heap_.walk(sink);
  }

  [[nodiscard]] Fault check() const noexcept {
    const Holding held(policy_, Mode::wait, caller_here());
    return heap_.check();
  }

  /// Between two steps the lock is free, and others may change the heap.
  const std::byte* walk_step(const std::byte* from, std::size_t count, ExtentSink sink) const noexcept
    requires Stepwise<Heap>
  {
    const Holding held(policy_, Mode::wait, caller_here());
    return heap_.walk_step(from, count, sink);
  }

  [[nodiscard]] CheckStep check_step(const std::byte* from, std::size_t count) const noexcept
    requires Stepwise<Heap>
  {
    const Holding held(policy_, Mode::wait, caller_here());
    return heap_.check_step(from, count);
  }

  /// How often the lock was found taken, where the policy counts it.
  std::uint32_t contentions() const noexcept
    requires requires(const Policy& policy) { policy.contentions(); }
  {
    return policy_.contentions();
  }

 private:
  mutable Policy policy_;
  Heap heap_;
};

}  // namespace bareheap
