// SPDX-License-Identifier: MIT
// A list of free blocks that is stored in the blocks themselves: the first word of each is the address of the next, or
// 0. Last in, first out; push and pop are constant. The list itself is one word.
#pragma once

#include <cstddef>
#include <new>

namespace bareheap {

struct FreeNode {
  FreeNode* next;
};

class FreeList {
 public:
  constexpr FreeList() noexcept = default;

  bool empty() const noexcept { return first_ == nullptr; }
  const FreeNode* first() const noexcept { return first_; }

  /// `at` is a free block of at least a word, aligned to a word.
  void push(std::byte* at) noexcept { first_ = new (at) FreeNode{first_}; }

  /// The block that was pushed last. The list must not be empty.
  std::byte* pop() noexcept {
    FreeNode* const node = first_;
    first_ = node->next;
    return reinterpret_cast<std::byte*>(node);
  }

 private:
  FreeNode* first_ = nullptr;
};

}  // namespace bareheap
