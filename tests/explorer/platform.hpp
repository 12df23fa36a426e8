// SPDX-License-Identifier: MIT
// What the code under test sees in place of std::atomic and of a port.
#pragma once

#include "explorer/machine.hpp"

#include <cstdint>
#include <type_traits>

namespace explorer {

/// As std::atomic, in what is used of it.
template <class T>
class Atomic {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);

 public:
  constexpr Atomic() noexcept = default;
  constexpr Atomic(T value) noexcept : value_(value) {}
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  T load(std::memory_order order = std::memory_order_seq_cst, unsigned line = __builtin_LINE()) const noexcept {
    return from(Machine::the().load(place(line), order));
  }
  void store(T value, std::memory_order order = std::memory_order_seq_cst, unsigned line = __builtin_LINE()) noexcept {
    Machine::the().store(place(line), to(value), order);
  }
  T exchange(T value, std::memory_order order = std::memory_order_seq_cst, unsigned line = __builtin_LINE()) noexcept {
    return from(Machine::the().change(place(line), Change::exchange, to(value), order));
  }
  T fetch_add(T value, std::memory_order order = std::memory_order_seq_cst, unsigned line = __builtin_LINE()) noexcept {
    return from(Machine::the().change(place(line), Change::add, to(value), order));
  }
  bool compare_exchange_strong(T& expected, T value, std::memory_order success = std::memory_order_seq_cst,
                               std::memory_order failure = std::memory_order_seq_cst,
                               unsigned line = __builtin_LINE()) noexcept {
    std::uint64_t word = to(expected);
    const bool done = Machine::the().compare_exchange(place(line), word, to(value), success, failure);
    expected = from(word);
    return done;
  }

 private:
  static std::uint64_t to(T value) noexcept {
    std::uint64_t word = 0;
    __builtin_memcpy(&word, &value, sizeof(T));
    return word;
  }
  static T from(std::uint64_t word) noexcept {
    T value{};
    __builtin_memcpy(&value, &word, sizeof(T));
    return value;
  }
  Place place(unsigned line) const noexcept { return {const_cast<T*>(&value_), sizeof(T), line}; }

  alignas(sizeof(T)) T value_{};
};

/// A CPU of the machine, as locks and heaps ask for it.
struct Platform {
  template <class T>
  using Atomic = explorer::Atomic<T>;

  static std::uint32_t cpu() noexcept { return Machine::the().cpu(); }
  static bool exclusives_work() noexcept { return true; }
  static void pause() noexcept { Machine::the().pause(); }
  static bool mask_interrupts() noexcept { return Machine::the().mask(); }
  static void restore_interrupts(bool masked) noexcept { Machine::the().unmask(masked); }
  static void call(std::uint32_t cpu) noexcept { Machine::the().call(cpu); }
  static void fence_all() noexcept { Machine::the().fence_all(); }
  static bool keep_waiting(std::uint32_t round) noexcept { return Machine::the().keep_waiting(round); }
};

}  // namespace explorer
