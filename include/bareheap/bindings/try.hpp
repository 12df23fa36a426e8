// SPDX-License-Identifier: MIT
//
// For code that must go on when there is no room: the same as new and push_back, but the answer is null or false.
//
//     Task* task = try_new<Task>(heap, "idle");
//     if (task != nullptr) delete_in(heap, task);
//
//     std::vector<int, TryAllocator<int, HoleList>> numbers(heap);
//     if (!try_push_back(numbers, 371)) …                          the vector is what it was
//
// A standard container asks its allocator in the middle of its work, where no answer but memory is possible. So the
// block is asked for first, and the vector is then made to take that one and no other: nothing can come between, on any
// number of CPUs. This needs the container to ask for a layout that is known before: vector does. string adds what it
// likes, and the nodes of list, map and their like are theirs alone, so there are no try_ forms for those: they stop.
#pragma once

#include "bareheap/core/allocate_or_stop.hpp"
#include "bareheap/core/allocator_ref.hpp"

#include <concepts>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace bareheap {

/// A new object, or null where there is no room; then no argument was moved from. delete_in() frees it. A constructor
/// must
/// not throw: the block would stay lent.
template <class T, Allocator Heap, class... Arguments>
[[nodiscard]] T* try_new(Heap& heap, Arguments&&... arguments) {
  const Block block = heap.allocate(Layout::of<T>());
  return block ? ::new (block.at) T(std::forward<Arguments>(arguments)...) : nullptr;
}

/// Destroys an object that try_new() made, which must be of exactly this type, and gives its block back. Null does
/// nothing.
template <Allocator Heap, class T>
void delete_in(Heap& heap, T* object) noexcept {
  if (object == nullptr) return;
  object->~T();
  void* const at = const_cast<std::remove_cv_t<T>*>(object);
  heap.deallocate(static_cast<std::byte*>(at), Layout::of<T>());
}

/// A block that was asked for in advance, for `count` objects in a row.
struct ReadyBlock {
  Block block;
  std::size_t count = 0;
};

/// As StdAllocator, with one word more, in which it is told of a block that is ready for the next request.
template <class T, Allocator Heap = AllocatorRef>
class TryAllocator {
 public:
  using value_type = T;
  using is_always_equal = std::false_type;
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;

  TryAllocator(typename HeapHandle<Heap>::Argument heap) noexcept : heap_(heap) {}  // NOLINT: a heap is passed as it is

  template <class Other>
  TryAllocator(const TryAllocator<Other, Heap>& other) noexcept : heap_(other.handle()) {}  // NOLINT: converts

  [[nodiscard]] T* allocate(std::size_t count) noexcept {
    if (ready_ != nullptr && ready_->count == count && ready_->block) {
      return reinterpret_cast<T*>(std::exchange(ready_->block, {}).at);
    }
    return reinterpret_cast<T*>(allocate_or_stop(*heap_, Layout::array_of<T>(count)).at);
  }

  void deallocate(T* at, std::size_t count) noexcept {
    (*heap_).deallocate(reinterpret_cast<std::byte*>(at), Layout::array_of<T>(count));
  }

  /// A copy that gives out `ready`, once, when it is asked for as many objects. `ready` must outlive it and its copies.
  TryAllocator with(ReadyBlock& ready) const noexcept {
    TryAllocator copy = *this;
    copy.ready_ = &ready;
    return copy;
  }

  const HeapHandle<Heap>& handle() const noexcept { return heap_; }

  template <class Other>
  friend bool operator==(const TryAllocator& left, const TryAllocator<Other, Heap>& right) noexcept {
    return left.handle() == right.handle();
  }

 private:
  HeapHandle<Heap> heap_;
  ReadyBlock* ready_ = nullptr;
};

/// A vector with a TryAllocator.
template <class V>
concept TryVector = requires(V& vector, ReadyBlock& ready) {
  { vector.get_allocator().with(ready) } -> std::same_as<typename V::allocator_type>;
  vector.data();
  vector.reserve(ready.count);
};

/// A block for `count` elements; without one where there is no room.
template <TryVector Vector>
[[nodiscard]] ReadyBlock ready_for(const Vector& vector, std::size_t count) {
  using Element = typename Vector::value_type;
  if (count > vector.max_size()) return {};
  const auto allocator = vector.get_allocator();
  return {(*allocator.handle()).allocate(Layout::array_of<Element>(count)), count};
}

/// Moves the elements into the block.
template <TryVector Vector>
void move_into(ReadyBlock ready, Vector& vector) {
  const auto allocator = vector.get_allocator();
  Vector larger(allocator.with(ready));
  larger.reserve(ready.count);
  // Null by now, unless a container asks for more than what is reserved.
  (*allocator.handle()).deallocate(ready.block.at, Layout::array_of<typename Vector::value_type>(ready.count));
  ready.block = {};
  for (auto& element : vector) larger.push_back(std::move(element));
  // Through a vector whose allocator knows nothing of `ready`. The two are equal, so the elements stay where they are.
  Vector lasting(std::move(larger), allocator);
  vector = std::move(lasting);
}

/// reserve(); false where there is no room, and the vector is what it was.
template <TryVector Vector>
[[nodiscard]] bool try_reserve(Vector& vector, std::size_t count) {
  if (count <= vector.capacity()) return true;
  const ReadyBlock ready = ready_for(vector, count);
  if (!ready.block) return false;
  move_into(ready, vector);
  return true;
}

/// push_back(); false where there is no room, and the vector and the value are what they were. A full vector asks for
/// twice its capacity, and where that is refused for one element more.
template <TryVector Vector, class Value>
[[nodiscard]] bool try_push_back(Vector& vector, Value&& value) {
  if (vector.size() == vector.capacity()) {
    ReadyBlock ready = ready_for(vector, vector.size() == 0 ? 4 : 2 * vector.size());
    if (!ready.block) ready = ready_for(vector, vector.size() + 1);
    if (!ready.block) return false;
    // Before the others move: the value may be one of them.
    typename Vector::value_type element(std::forward<Value>(value));
    move_into(ready, vector);
    vector.push_back(std::move(element));
    return true;
  }
  vector.push_back(std::forward<Value>(value));
  return true;
}

}  // namespace bareheap
