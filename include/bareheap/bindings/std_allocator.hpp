// SPDX-License-Identifier: MIT
//
// StdAllocator: the heap that one container shall use, as the standard's containers want it.
//
//     std::vector<int, StdAllocator<int, HoleList>> numbers(heap);
//     std::map<int, int, std::less<>, StdAllocator<std::pair<const int, int>>> squares(AllocatorRef(heap));
//
// * It is one word, the heap's address; over AllocatorRef, which is the default and hides the heap's type, two.
// * A container that is moved or swapped takes its heap along; one that is copied into keeps its own.
// * No room: the program's out-of-memory handler, and where it gives up, a stop (core/allocate_or_stop.hpp).
// * It frees with the layout it asked with, so every engine will do.
#pragma once

#include "bareheap/core/allocate_or_stop.hpp"
#include "bareheap/core/allocator_ref.hpp"

#include <cstddef>
#include <type_traits>

namespace bareheap {

/// What allocate_at_least() answers: the shape of C++23's std::allocation_result, into which it converts, for standard
/// libraries that lack it.
template <class T>
struct AllocationResult {
  T* ptr;
  std::size_t count;

  template <class Result>
    requires requires(const Result& result, T* at, std::size_t size) {
      Result{at, size};
      result.ptr;
      result.count;
    }
  constexpr operator Result() const noexcept {
    return Result{ptr, count};
  }
};

template <class T, Allocator Heap = AllocatorRef>
class StdAllocator {
 public:
  using value_type = T;
  using is_always_equal = std::false_type;
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;

  StdAllocator(typename HeapHandle<Heap>::Argument heap) noexcept : heap_(heap) {}  // NOLINT: a heap is passed as it is

  template <class Other>
  StdAllocator(const StdAllocator<Other, Heap>& other) noexcept : heap_(other.handle()) {}  // NOLINT: converts

  [[nodiscard]] T* allocate(std::size_t count) noexcept {
    return reinterpret_cast<T*>(allocate_or_stop(*heap_, Layout::array_of<T>(count)).at);
  }

  /// All that was granted, in whole objects. Any count from the one asked to the one granted is right to free with.
  [[nodiscard]] AllocationResult<T> allocate_at_least(std::size_t count) noexcept {
    const Block block = allocate_or_stop(*heap_, Layout::array_of<T>(count));
    return {reinterpret_cast<T*>(block.at), block.size / sizeof(T)};
  }

  void deallocate(T* at, std::size_t count) noexcept {
    (*heap_).deallocate(reinterpret_cast<std::byte*>(at), Layout::array_of<T>(count));
  }

  const HeapHandle<Heap>& handle() const noexcept { return heap_; }

  /// What one allocates the other frees: both have the same heap.
  template <class Other>
  friend bool operator==(const StdAllocator& left, const StdAllocator<Other, Heap>& right) noexcept {
    return left.handle() == right.handle();
  }

 private:
  HeapHandle<Heap> heap_;
};

}  // namespace bareheap
