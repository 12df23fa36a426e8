// SPDX-License-Identifier: MIT
// A heap whose calls are counted in instructions, one at a time: from the call to the return, both included. What the
// compiler puts around them to bring the arguments into place is that of a heap that does nothing, and is taken off.
#pragma once

#include "instructions/instruction_counter.hpp"

#include "bareheap/core/layout.hpp"

#include <cstdint>

namespace bareheap::worst {

/// Each call of it is two instructions, the call and the return.
struct Empty {
  static constexpr std::uint64_t cost = 2;

  [[gnu::naked, gnu::noinline]] Block allocate(Layout) noexcept { asm("ret"); }
  [[gnu::naked, gnu::noinline]] void deallocate(std::byte*, Layout) noexcept { asm("ret"); }
  [[gnu::naked, gnu::noinline]] bool resize(std::byte*, Layout, std::size_t) noexcept { asm("ret"); }
};

/// Calls the functions as the library has them compiled. Where a compiler inlines parts of them into a program, those
/// may take some instructions less or more.
template <class Heap>
class Counted {
 public:
  [[gnu::noinline]] Block allocate(Layout asked) noexcept {
    const auto call = allocate_;
    return counted([&] { return (heap.*call)(asked); });
  }

  [[gnu::noinline]] void deallocate(std::byte* at, Layout asked) noexcept {
    const auto call = deallocate_;
    counted([&] { return (heap.*call)(at, asked), true; });
  }

  [[gnu::noinline]] bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    const auto call = resize_;
    return counted([&] { return (heap.*call)(at, asked, size); });
  }

  Heap heap;
  std::uint64_t taken = 0;  ///< by the last call, with what is around it

 private:
  template <class Call>
  [[gnu::always_inline]] auto counted(Call call) noexcept {
    const InstructionCounter counter = counter_;
    const std::uint64_t before = counter.now();
    const auto answer = call();
    taken = counter.now() - before - InstructionCounter::own_cost;
    return answer;
  }

  InstructionCounter counter_;

  // Volatile: the compiler must not see which function it is.
  Block (Heap::*volatile allocate_)(Layout) noexcept = &Heap::allocate;
  void (Heap::*volatile deallocate_)(std::byte*, Layout) noexcept = &Heap::deallocate;
  bool (Heap::*volatile resize_)(std::byte*, Layout, std::size_t) noexcept = &Heap::resize;
};

/// What is around a call of each shape.
struct Around {
  std::uint64_t allocate;
  std::uint64_t deallocate;
  std::uint64_t resize;
};

inline Around around() {
  Counted<Empty> empty;
  Around found{};
  static_cast<void>(empty.allocate(Layout(16, 16)));
  found.allocate = empty.taken - Empty::cost;
  empty.deallocate(nullptr, Layout(16, 16));
  found.deallocate = empty.taken - Empty::cost;
  static_cast<void>(empty.resize(nullptr, Layout(16, 16), 16));
  found.resize = empty.taken - Empty::cost;
  return found;
}

}  // namespace bareheap::worst
