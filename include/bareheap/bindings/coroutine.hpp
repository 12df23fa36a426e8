// SPDX-License-Identifier: MIT
//
// Coroutine frames from a heap: bases for a promise_type. Where there is no room for the frame, the coroutine does not
// start and its caller gets `Result{}`; nothing stops.
//
//     struct Task {
//       struct promise_type : FramesFrom<Task, program_heap> { … };        one heap, named in the type
//       struct promise_type : FramesFromGiven<Task> { … };                 the heap that each call is given
//     };
//     Task blink(AllocatorRef heap, int pin) { … co_await … }              for the second: the first parameter
//
// Cost:     one allocate and one deallocate, with its size, for each coroutine; none where the compiler needs no frame.
// Overhead: none; FramesFromGiven keeps the heap in front of the frame, two words.
// Frames are aligned as plain new aligns: what a coroutine keeps across a suspension must not want more, since the
// language does not tell how a frame must be aligned.
#pragma once

#include "bareheap/core/allocator_ref.hpp"

#include <concepts>
#include <cstddef>
#include <new>

namespace bareheap {

/// Frames come from `Heap`, a variable with static storage.
template <class Result, auto& Heap>
class FramesFrom {
 public:
  static Result get_return_object_on_allocation_failure() noexcept { return Result{}; }

  static void* operator new(std::size_t size) noexcept { return Heap.allocate(layout_of(size)).at; }

  static void operator delete(void* frame, std::size_t size) noexcept {
    Heap.deallocate(static_cast<std::byte*>(frame), layout_of(size));
  }

 private:
  static Layout layout_of(std::size_t size) noexcept { return Layout(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
};

/// Frames come from the heap that is the coroutine's first parameter: an AllocatorRef, by value. Of a member function
/// and a lambda it is the first one after the object. A coroutine without one does not compile.
template <class Result>
class FramesFromGiven {
 public:
  static Result get_return_object_on_allocation_failure() noexcept { return Result{}; }

  template <class... Rest>
  static void* operator new(std::size_t size, AllocatorRef heap, const Rest&...) noexcept {
    return frame_from(heap, size);
  }

  template <class Object, class... Rest>
    requires(!std::convertible_to<Object&, AllocatorRef>)
  static void* operator new(std::size_t size, const Object&, AllocatorRef heap, const Rest&...) noexcept {
    return frame_from(heap, size);
  }

  static void operator delete(void* frame, std::size_t size) noexcept {
    std::byte* const at = static_cast<std::byte*>(frame) - offset;
    const AllocatorRef heap = *std::launder(reinterpret_cast<AllocatorRef*>(at));
    heap.deallocate(at, layout_of(size));
  }

 private:
  // The heap, and what keeps the frame aligned behind it.
  static constexpr std::size_t offset =
      CheckedSize(sizeof(AllocatorRef)).aligned_up(__STDCPP_DEFAULT_NEW_ALIGNMENT__).value();

  static Layout layout_of(std::size_t size) noexcept {
    return Layout((CheckedSize(size) + offset).value(), __STDCPP_DEFAULT_NEW_ALIGNMENT__);
  }

  static void* frame_from(AllocatorRef heap, std::size_t size) noexcept {
    const Block block = heap.allocate(layout_of(size));
    if (!block) return nullptr;
    new (block.at) AllocatorRef(heap);
    return block.at + offset;
  }
};

}  // namespace bareheap
