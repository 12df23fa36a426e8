// SPDX-License-Identifier: MIT
//
// An object in a heap that one std::unique_ptr owns.
//
//     UniqueIn<Task, HoleList> task = make_unique_in<Task>(heap, "idle");
//     if (auto row = try_make_unique_in<std::uint32_t[]>(heap, width)) …          null where there is no room
//
// make_unique_in never answers null: the program's out-of-memory handler is asked, and where it gives up, the program
// stops (core/allocate_or_stop.hpp). A pointer to a base is not made of a pointer to a derived object, since the block
// must be freed with the layout it was asked with. Constructors must not throw: the block would stay lent.
#pragma once

#include "bareheap/core/allocate_or_stop.hpp"
#include "bareheap/core/allocator_ref.hpp"

#include <concepts>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace bareheap {

/// Destroys an object of exactly this type and gives its block back to its heap.
template <class T, Allocator Heap>
class HeapDeleter {
 public:
  constexpr HeapDeleter(typename HeapHandle<Heap>::Argument heap) noexcept : heap_(heap) {}  // NOLINT: converts

  /// The same type without const.
  template <class Other>
    requires(!std::same_as<Other, T> && std::same_as<const Other, T>)
  constexpr HeapDeleter(const HeapDeleter<Other, Heap>& other) noexcept : heap_(other.handle()) {}  // NOLINT: converts

  void operator()(T* object) const noexcept {
    std::destroy_at(object);
    void* const at = const_cast<std::remove_cv_t<T>*>(object);
    (*heap_).deallocate(static_cast<std::byte*>(at), Layout::of<T>());
  }

  const HeapHandle<Heap>& handle() const noexcept { return heap_; }

 private:
  HeapHandle<Heap> heap_;
};

/// The same for an array, whose length it keeps.
template <class T, Allocator Heap>
class HeapDeleter<T[], Heap> {
 public:
  constexpr HeapDeleter(typename HeapHandle<Heap>::Argument heap, std::size_t count) noexcept
      : heap_(heap), count_(count) {}

  void operator()(T* objects) const noexcept {
    std::destroy_n(objects, count_);
    void* const at = const_cast<std::remove_cv_t<T>*>(objects);
    (*heap_).deallocate(static_cast<std::byte*>(at), Layout::array_of<T>(count_));
  }

  std::size_t count() const noexcept { return count_; }

 private:
  HeapHandle<Heap> heap_;
  std::size_t count_;
};

template <class T, Allocator Heap>
using UniqueIn = std::unique_ptr<T, HeapDeleter<T, Heap>>;

/// A new object from these arguments.
template <class T, Allocator Heap, class... Arguments>
  requires(!std::is_array_v<T>)
[[nodiscard]] UniqueIn<T, Heap> make_unique_in(Heap& heap, Arguments&&... arguments) {
  std::byte* const at = allocate_or_stop(heap, Layout::of<T>()).at;
  return UniqueIn<T, Heap>(::new (at) T(std::forward<Arguments>(arguments)...), heap);
}

/// The same, or null where there is no room; then no argument was moved from.
template <class T, Allocator Heap, class... Arguments>
  requires(!std::is_array_v<T>)
[[nodiscard]] UniqueIn<T, Heap> try_make_unique_in(Heap& heap, Arguments&&... arguments) {
  const Block block = heap.allocate(Layout::of<T>());
  if (!block) return UniqueIn<T, Heap>(nullptr, heap);
  return UniqueIn<T, Heap>(::new (block.at) T(std::forward<Arguments>(arguments)...), heap);
}

/// `count` new objects in a row, numbers as 0: `make_unique_in<T[]>(heap, count)`.
template <class T, Allocator Heap>
  requires std::is_unbounded_array_v<T>
[[nodiscard]] UniqueIn<T, Heap> make_unique_in(Heap& heap, std::size_t count) {
  using Element = std::remove_extent_t<T>;
  auto* const first = reinterpret_cast<Element*>(allocate_or_stop(heap, Layout::array_of<Element>(count)).at);
  std::uninitialized_value_construct_n(first, count);
  return UniqueIn<T, Heap>(first, HeapDeleter<T, Heap>(heap, count));
}

/// The same, or null where there is no room.
template <class T, Allocator Heap>
  requires std::is_unbounded_array_v<T>
[[nodiscard]] UniqueIn<T, Heap> try_make_unique_in(Heap& heap, std::size_t count) {
  using Element = std::remove_extent_t<T>;
  const Block block = heap.allocate(Layout::array_of<Element>(count));
  if (!block) return UniqueIn<T, Heap>(nullptr, HeapDeleter<T, Heap>(heap, 0));
  auto* const first = reinterpret_cast<Element*>(block.at);
  std::uninitialized_value_construct_n(first, count);
  return UniqueIn<T, Heap>(first, HeapDeleter<T, Heap>(heap, count));
}

}  // namespace bareheap
