// SPDX-License-Identifier: MIT
// Which calls led to a request: the innermost ones, each sequence of them kept once, so that two requests came the same
// way where their pointers are equal. What is kept stays until the process ends.
#pragma once

#include "drop_in/linux_system.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

namespace bareheap::drop_in {

/// Return addresses, the innermost first; behind the last one the others are null.
struct CallStack {
  static constexpr std::size_t most = 8;
  const void* places[most] = {};
};

/// The calls that led to `caller`, which is the first, at most `count` of them. Neither allocates nor waits.
CallStack call_stack_from(const void* caller, std::size_t count) noexcept;

class CallStacks {
 public:
  constexpr CallStacks() noexcept = default;

  /// The one that is equal to `stack`; without places where there is no memory for it.
  const CallStack* keep(const CallStack& stack) noexcept {
    if (used_ >= capacity_ / 2 && !renew()) return &unknown;
    const CallStack*& place = place_of(stack);
    if (place != nullptr) return place;
    if (left_ == 0 && !extend()) return &unknown;
    --left_;
    ++used_;
    return place = new (next_++) CallStack(stack);
  }

 private:
  static constexpr std::size_t least = 1024;
  static constexpr std::size_t at_once = 1024;
  static constexpr CallStack unknown{};

  const CallStack*& place_of(const CallStack& stack) noexcept {
    std::size_t place = 0;
    for (const void* const at : stack.places) {
      place = (place ^ reinterpret_cast<std::uintptr_t>(at)) * 0x9E3779B97F4A7C15U;
      place ^= place >> 32;
    }
    while (true) {
      const CallStack*& found = table_[place++ & (capacity_ - 1)];
      if (found == nullptr || std::memcmp(found, &stack, sizeof stack) == 0) return found;
    }
  }

  bool extend() noexcept {
    next_ = reinterpret_cast<CallStack*>(LinuxSystem::map(at_once * sizeof(CallStack)));
    if (next_ == nullptr) return false;
    left_ = at_once;
    return true;
  }

  bool renew() noexcept {
    const CallStacks before = *this;
    const std::size_t capacity = capacity_ == 0 ? least : 2 * capacity_;
    std::byte* const memory = LinuxSystem::map(capacity * sizeof(CallStack*));
    if (memory == nullptr) return false;
    table_ = reinterpret_cast<const CallStack**>(memory);
    capacity_ = capacity;
    for (std::size_t place = 0; place != before.capacity_; ++place) {
      if (before.table_[place] != nullptr) place_of(*before.table_[place]) = before.table_[place];
    }
    return true;
  }

  const CallStack** table_ = nullptr;
  std::size_t capacity_ = 0;  // a power of two
  std::size_t used_ = 0;
  CallStack* next_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace bareheap::drop_in
