// SPDX-License-Identifier: MIT
//
// Gives the program's heap to the language: defines every replaceable form of operator new and operator delete
// ([new.delete] in the standard). A program names its heap and includes this header, in exactly one source file:
//
//     constinit bareheap::GranuleHeap program_heap;
//     #include "bareheap/bindings/operator_new.hpp"
//
// From then on new and delete reach the heap without an indirect call. A program that uses new and leaves this out
// fails to link, with one undefined symbol: bareheap_program_heap.
//
// * Plain forms never return null: see core/out_of_memory.hpp. Nothrow forms return null when there is no room.
// * Sized forms of delete hand the layout back. Unsized forms need a heap that is SelfSizing; on any other they stop
//   with Fault::size_unknown.
// * As safe in interrupts and on several CPUs as the heap's type is, no more. Besides the heap there is one flag, which
//   tells that the out-of-memory handler is at work: a second CPU that runs out meanwhile stops as if it were the
//   first.
#pragma once

#include "bareheap/core/allocate_or_stop.hpp"

#include <new>

/// What the library's stand-in asks for when a program has no heap; its value means nothing.
extern "C" const char bareheap_program_heap = 1;

namespace bareheap::operator_new {

static_assert(Allocator<decltype(program_heap)>, "program_heap must be an Allocator");

[[gnu::always_inline]] inline void* plain(Layout asked) noexcept { return allocate_or_stop(program_heap, asked).at; }

[[gnu::always_inline]] inline void* or_null(Layout asked) noexcept { return program_heap.allocate(asked).at; }

[[gnu::always_inline]] inline void sized(void* at, Layout asked) noexcept {
  program_heap.deallocate(static_cast<std::byte*>(at), asked);
}

inline constexpr std::align_val_t default_alignment{__STDCPP_DEFAULT_NEW_ALIGNMENT__};

template <Allocator Heap>
[[gnu::always_inline]] inline void unsized(Heap& heap, void* at,
                                          std::align_val_t alignment = default_alignment) noexcept {
  if (at == nullptr) return;
  std::byte* const block = static_cast<std::byte*>(at);
  if constexpr (SelfSizing<Heap>) {
    heap.deallocate(block, Layout(heap.size_of(block), static_cast<std::size_t>(alignment)));
  } else {
    panic({.fault = Fault::size_unknown, .address = at, .caller = caller_here()});
  }
}

constexpr Layout layout_of(std::size_t size, std::align_val_t alignment = default_alignment) noexcept {
  return Layout(size, static_cast<std::size_t>(alignment));
}

}  // namespace bareheap::operator_new

void* operator new(std::size_t size) { return bareheap::operator_new::plain(bareheap::operator_new::layout_of(size)); }

void* operator new[](std::size_t size) {
  return bareheap::operator_new::plain(bareheap::operator_new::layout_of(size));
}

void* operator new(std::size_t size, std::align_val_t alignment) {
  return bareheap::operator_new::plain(bareheap::operator_new::layout_of(size, alignment));
}

void* operator new[](std::size_t size, std::align_val_t alignment) {
  return bareheap::operator_new::plain(bareheap::operator_new::layout_of(size, alignment));
}

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return bareheap::operator_new::or_null(bareheap::operator_new::layout_of(size));
}

void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return bareheap::operator_new::or_null(bareheap::operator_new::layout_of(size));
}

void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return bareheap::operator_new::or_null(bareheap::operator_new::layout_of(size, alignment));
}

void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return bareheap::operator_new::or_null(bareheap::operator_new::layout_of(size, alignment));
}

void operator delete(void* at, std::size_t size) noexcept {
  bareheap::operator_new::sized(at, bareheap::operator_new::layout_of(size));
}

void operator delete[](void* at, std::size_t size) noexcept {
  bareheap::operator_new::sized(at, bareheap::operator_new::layout_of(size));
}

void operator delete(void* at, std::size_t size, std::align_val_t alignment) noexcept {
  bareheap::operator_new::sized(at, bareheap::operator_new::layout_of(size, alignment));
}

void operator delete[](void* at, std::size_t size, std::align_val_t alignment) noexcept {
  bareheap::operator_new::sized(at, bareheap::operator_new::layout_of(size, alignment));
}

void operator delete(void* at) noexcept { bareheap::operator_new::unsized(program_heap, at); }

void operator delete[](void* at) noexcept { bareheap::operator_new::unsized(program_heap, at); }

void operator delete(void* at, std::align_val_t alignment) noexcept {
  bareheap::operator_new::unsized(program_heap, at, alignment);
}

void operator delete[](void* at, std::align_val_t alignment) noexcept {
  bareheap::operator_new::unsized(program_heap, at, alignment);
}

void operator delete(void* at, const std::nothrow_t&) noexcept { bareheap::operator_new::unsized(program_heap, at); }

void operator delete[](void* at, const std::nothrow_t&) noexcept { bareheap::operator_new::unsized(program_heap, at); }

void operator delete(void* at, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  bareheap::operator_new::unsized(program_heap, at, alignment);
}

void operator delete[](void* at, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  bareheap::operator_new::unsized(program_heap, at, alignment);
}
