// SPDX-License-Identifier: MIT
// What a program asks a heap for (Layout) and what it gets (Block).
#pragma once

#include "bareheap/core/bits.hpp"
#include "bareheap/core/fault.hpp"

#include <cstddef>

namespace bareheap {

/// Size and alignment, in bytes, that a program asks for. It is handed back when the block is freed, so a heap need not
/// store it. The alignment is a power of two: no other Layout can be formed.
class Layout {
 public:
  /// Stops with Fault::alignment_not_power_of_two where `alignment` is none; in a constant expression it does not
  /// compile then.
  constexpr Layout(std::size_t size, std::size_t alignment) noexcept : size_(size), alignment_(alignment) {
    if (!is_power_of_two(alignment)) [[unlikely]] refuse(size, alignment);
  }

  template <class T>
  static constexpr Layout of() noexcept {
    return Layout(sizeof(T), alignof(T));
  }

  /// `count` objects of T in a row. A product that no memory can hold becomes the greatest size: every heap refuses it.
  template <class T>
  static constexpr Layout array_of(std::size_t count) noexcept {
    return Layout((CheckedSize(sizeof(T)) * count).value(), alignof(T));
  }

  constexpr std::size_t size() const noexcept { return size_; }
  constexpr std::size_t alignment() const noexcept { return alignment_; }

  /// The same alignment with another size: the layout of a block after resize().
  constexpr Layout with_size(std::size_t size) const noexcept { return Layout(size, alignment_); }

  friend constexpr bool operator==(const Layout&, const Layout&) noexcept = default;

 private:
  [[noreturn, gnu::cold, gnu::noinline]] static void refuse(std::size_t size, std::size_t alignment) noexcept {
    panic({.fault = Fault::alignment_not_power_of_two, .caller = caller_here(), .size = size, .alignment = alignment});
  }

  std::size_t size_;
  std::size_t alignment_;
};

/// Memory lent to the program, or nothing: an empty Block means that there was no room. `size` is what was granted, in
/// bytes, at least what was asked; every size from the one asked to the one granted is right to free the block with.
struct [[nodiscard]] Block {
  std::byte* at = nullptr;
  std::size_t size = 0;

  explicit constexpr operator bool() const noexcept { return at != nullptr; }
};

}  // namespace bareheap
