// SPDX-License-Identifier: MIT
//
// AllocatorRef: any heap, for code that must not know its type. It refers and does not own; the heap must outlive it.
//
//     | object | calls |  ->  | allocate | deallocate | resize | owns | walk | check | size_of | add | trim |
//
// It is two words, copied at will, and an Allocator itself, so all that works on a heap works on it. Each call costs
// one indirect call more. Copies refer to the same heap, so its functions are const.
//
// What only some heaps can do: add() and trim() are there for every heap; a heap that is not Growable refuses as it
// would a second init(), and one that is not Stocked has nothing to trim. To know a size from an address cannot be made
// up, so an AllocatorRef is no SelfSizing heap: can_size() tells and size_if_known() answers, 0 where it cannot be
// known.
#pragma once

#include "bareheap/core/allocator.hpp"

#include <concepts>
#include <cstddef>

namespace bareheap {

class AllocatorRef {
 public:
  template <class Heap>
    requires(!std::same_as<std::remove_const_t<Heap>, AllocatorRef> && Allocator<Heap>)
  constexpr AllocatorRef(Heap& heap) noexcept  // NOLINT: converts on purpose, a heap is passed as it is
      : object_(__builtin_addressof(heap)), calls_(&calls_of<Heap>) {}

  Block allocate(Layout asked) const noexcept { return calls_->allocate(object_, asked); }
  void deallocate(std::byte* at, Layout asked) const noexcept { calls_->deallocate(object_, at, asked); }

  bool resize(std::byte* at, Layout asked, std::size_t size) const noexcept {
    return calls_->resize(object_, at, asked, size);
  }

  bool owns(const std::byte* at) const noexcept { return calls_->owns(object_, at); }
  void walk(ExtentSink sink) const noexcept { calls_->walk(object_, sink); }
  [[nodiscard]] Fault check() const noexcept { return calls_->check(object_); }

  bool can_size() const noexcept { return calls_->size_of != nullptr; }
  bool can_grow() const noexcept { return calls_->add != nullptr; }
  bool can_trim() const noexcept { return calls_->trim != nullptr; }

  /// The granted size of a live block; 0 where not can_size().
  std::size_t size_if_known(const std::byte* at) const noexcept {
    return can_size() ? calls_->size_of(object_, at) : 0;
  }

  Admission add(Region region) const noexcept {
    if (!can_grow()) return {.fault = Fault::initialised_twice, .lost = region.size};
    return calls_->add(object_, region);
  }

  void trim() const noexcept {
    if (can_trim()) calls_->trim(object_);
  }

  /// True where both refer to the same heap.
  friend bool operator==(const AllocatorRef& left, const AllocatorRef& right) noexcept {
    return left.object_ == right.object_ && left.calls_ == right.calls_;
  }

 private:
  struct Calls {
    Block (*allocate)(void*, Layout) noexcept;
    void (*deallocate)(void*, std::byte*, Layout) noexcept;
    bool (*resize)(void*, std::byte*, Layout, std::size_t) noexcept;
    bool (*owns)(const void*, const std::byte*) noexcept;
    void (*walk)(const void*, ExtentSink) noexcept;
    Fault (*check)(const void*) noexcept;
    std::size_t (*size_of)(const void*, const std::byte*) noexcept;  // these three: null where the heap cannot
    Admission (*add)(void*, Region) noexcept;
    void (*trim)(void*) noexcept;
  };

  template <class Heap>
  static constexpr Calls made_for() noexcept {
    Calls calls{
        .allocate = [](void* heap, Layout asked) noexcept { return static_cast<Heap*>(heap)->allocate(asked); },
        .deallocate = [](void* heap, std::byte* at, Layout asked) noexcept {
          static_cast<Heap*>(heap)->deallocate(at, asked);
        },
        .resize = [](void* heap, std::byte* at, Layout asked, std::size_t size) noexcept {
          return static_cast<Heap*>(heap)->resize(at, asked, size);
        },
        // A heap's owns() may be written for std::byte* only, which is what the concept asks.
        .owns = [](const void* heap, const std::byte* at) noexcept {
          return static_cast<const Heap*>(heap)->owns(const_cast<std::byte*>(at));
        },
        .walk = [](const void* heap, ExtentSink sink) noexcept { static_cast<const Heap*>(heap)->walk(sink); },
        .check = [](const void* heap) noexcept { return static_cast<const Heap*>(heap)->check(); },
        .size_of = nullptr,
        .add = nullptr,
        .trim = nullptr,
    };
    if constexpr (SelfSizing<Heap>) {
      calls.size_of = [](const void* heap, const std::byte* at) noexcept {
        return static_cast<const Heap*>(heap)->size_of(at);
      };
    }
    if constexpr (Growable<Heap>) {
      calls.add = [](void* heap, Region region) noexcept { return static_cast<Heap*>(heap)->add(region); };
    }
    if constexpr (Stocked<Heap>) calls.trim = [](void* heap) noexcept { static_cast<Heap*>(heap)->trim(); };
    return calls;
  }

  template <class Heap>
  static constexpr Calls calls_of = made_for<Heap>();

  void* object_;
  const Calls* calls_;
};

static_assert(Growable<AllocatorRef> && Stocked<AllocatorRef> && !SelfSizing<AllocatorRef>);
static_assert(sizeof(AllocatorRef) == 2 * sizeof(void*));

/// How a binding remembers its heap: by address, so that it is one word; an AllocatorRef, which is a reference already,
/// by value.
template <Allocator Heap>
class HeapHandle {
 public:
  using Argument = Heap&;

  constexpr HeapHandle(Heap& heap) noexcept : heap_(__builtin_addressof(heap)) {}  // NOLINT: converts on purpose

  Heap& operator*() const noexcept { return *heap_; }
  friend bool operator==(const HeapHandle&, const HeapHandle&) noexcept = default;

 private:
  Heap* heap_;
};

template <>
class HeapHandle<AllocatorRef> {
 public:
  using Argument = AllocatorRef;

  constexpr HeapHandle(AllocatorRef heap) noexcept : heap_(heap) {}  // NOLINT: converts on purpose

  const AllocatorRef& operator*() const noexcept { return heap_; }
  friend bool operator==(const HeapHandle&, const HeapHandle&) noexcept = default;

 private:
  AllocatorRef heap_;
};

/// What a function template makes of a reference that it was given as const.
template <>
class HeapHandle<const AllocatorRef> : public HeapHandle<AllocatorRef> {
 public:
  using HeapHandle<AllocatorRef>::HeapHandle;
};

}  // namespace bareheap
