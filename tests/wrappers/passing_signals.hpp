// SPDX-License-Identifier: MIT
// Played CPUs to which a signal's handler comes at a chosen point: at an atomic, wherever the map changes, and wherever
// a block goes into a magazine or out of one.
#pragma once

#include "wrappers/playing_cpus.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

namespace bareheap::test {

/// Where a handler comes: when so many points have been passed.
struct Signal {
  static void pass() {
    if (on_signal && points-- == 0) std::exchange(on_signal, nullptr)();
  }
  static void pass_atomic() {
    if (comes_at_atomics) pass();
  }
  static void pass_map() {
    if (comes_at_map) pass();
  }
  static inline std::function<void()> on_signal;
  static inline bool comes_at_atomics = false;
  static inline bool comes_at_map = true;
  static inline unsigned points = 0;
};

template <class T>
class PassingAtomic {
 public:
  constexpr PassingAtomic(T value = T{}) noexcept : value_(value) {}

  T load(std::memory_order order) const noexcept {
    Signal::pass_atomic();
    return value_.load(order);
  }
  void store(T value, std::memory_order order) noexcept {
    Signal::pass_atomic();
    value_.store(value, order);
  }
  T exchange(T value, std::memory_order order) noexcept {
    Signal::pass_atomic();
    return value_.exchange(value, order);
  }
  bool compare_exchange_strong(T& seen, T value, std::memory_order done, std::memory_order failed) noexcept {
    Signal::pass_atomic();
    return value_.compare_exchange_strong(seen, value, done, failed);
  }

 private:
  std::atomic<T> value_;
};

template <class Words>
struct PassingWords : Words {
  template <class Word>
  static Word get(const Word& word) noexcept {
    Signal::pass_map();
    return Words::get(word);
  }
  template <class Word>
  static void set(Word& word, Word bits) noexcept {
    Words::set(word, bits);
    Signal::pass_map();
  }
  template <class Word>
  static void clear(Word& word, Word bits) noexcept {
    Words::clear(word, bits);
    Signal::pass_map();
  }
  template <class Word>
  static void flip(Word& word, Word bits) noexcept {
    Words::flip(word, bits);
    Signal::pass_map();
  }
  template <class Word>
  static void put(Word& word, Word value) noexcept {
    Words::put(word, value);
    Signal::pass_map();
  }
};

template <class Detection>
struct Passing : Detection {
  using Words = PassingWords<typename Detection::Words>;
  template <class Node, class View>
  static bool try_put(Node& node, View& view, std::size_t number) noexcept {
    Signal::pass();
    const bool done = Detection::try_put(node, view, number);
    Signal::pass();
    return done;
  }
  template <class Node, class View>
  static void put(Node& node, View& view, std::size_t number) noexcept {
    Detection::put(node, view, number);
    Signal::pass();
  }
  template <class Node, class View>
  static void take(Node& node, View& view, std::size_t number) noexcept {
    Detection::take(node, view, number);
    Signal::pass();
  }
};

/// Interrupts are not masked, only counted.
struct CountedCpus : FencedCpus {
  template <class T>
  using Atomic = PassingAtomic<T>;

  static bool keep_waiting(std::uint32_t round) noexcept {
    const bool waits_on = PlayedCpus::keep_waiting(round);
    impatient += waits_on ? 0 : 1;
    return waits_on;
  }
  static inline unsigned impatient = 0;

  static bool is_nested() noexcept { return masked; }
  static void forget_others() noexcept { ++forgotten; }
  static inline unsigned forgotten = 0;
};
static_assert(Multiprocessor<CountedCpus>);

}  // namespace bareheap::test
