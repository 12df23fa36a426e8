// SPDX-License-Identifier: MIT
//
// Gives the program's heap to the language: defines every replaceable form of operator new and operator delete
// ([new.delete] in the standard). A program names its heap and includes this header, in exactly one source file:
//
//     constinit bareheap::StoryPages program_heap;
//     #include "bareheap/bindings/operator_new.hpp"
//
// From then on new and delete reach the heap without an indirect call. A program that uses new and leaves this out
// fails to link, with one undefined symbol: bareheap_program_heap.
//
// * Plain forms never return null: see core/out_of_memory.hpp. Nothrow forms return null when there is no room.
// * Sized forms of delete hand the layout back. Unsized forms need a heap that is SelfSizing; on any other they stop with
//   Fault::size_unknown.
// * As safe in interrupts and on several CPUs as the heap's type is, no more.
#pragma once

#include "bareheap/core/out_of_memory.hpp"
#include "bareheap/core/allocator.hpp"

#include <new>

/// What the library's stand-in asks for when a program has no heap; its value means nothing.
extern "C" const char bareheap_program_heap = 1;

namespace bareheap::operator_new {

static_assert(Allocator<decltype(program_heap)>, "program_heap must be an Allocator");

// One for the program: the heap is asked again by the handler that is at work.
inline constinit bool handler_at_work = false;

[[gnu::cold, gnu::noinline]] inline void* without_room(Layout asked, const void* caller) noexcept {
  if (handler_at_work) {
    panic({Fault::out_of_memory_again, nullptr, caller, asked.size(), asked.alignment()});
  }
  while (true) {
    handler_at_work = true;
    const OutOfMemory answer = program_out_of_memory(asked);
    handler_at_work = false;
    if (answer == OutOfMemory::give_up) {
      panic({Fault::out_of_memory, nullptr, caller, asked.size(), asked.alignment()});
    }
    if (const Block block = program_heap.allocate(asked)) return block.at;
  }
}

[[gnu::always_inline]] inline void* plain(Layout asked) noexcept {
  const Block block = program_heap.allocate(asked);
  if (!block) [[unlikely]] return without_room(asked, caller_here());
  return block.at;
}

[[gnu::always_inline]] inline void* or_null(Layout asked) noexcept { return program_heap.allocate(asked).at; }

[[gnu::always_inline]] inline void sized(void* at, Layout asked) noexcept {
  program_heap.deallocate(static_cast<std::byte*>(at), asked);
}

template <Allocator Heap>
[[gnu::always_inline]] inline void unsized(Heap& heap, void* at) noexcept {
  if (at == nullptr) return;
  std::byte* const block = static_cast<std::byte*>(at);
  if constexpr (SelfSizing<Heap>) {
    heap.deallocate(block, Layout(heap.size_of(block), 1));
  } else {
    panic({.fault = Fault::size_unknown, .address = at, .caller = caller_here()});
  }
}

inline constexpr std::size_t default_alignment = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

constexpr Layout layout_of(std::size_t size, std::align_val_t alignment = std::align_val_t{default_alignment}) noexcept {
  return Layout(size, static_cast<std::size_t>(alignment));
}

}  // namespace bareheap::operator_new

void* operator new(std::size_t size) { return bareheap::operator_new::plain(bareheap::operator_new::layout_of(size)); }

void* operator new[](std::size_t size) { return bareheap::operator_new::plain(bareheap::operator_new::layout_of(size)); }

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

void operator delete(void* at, std::align_val_t) noexcept { bareheap::operator_new::unsized(program_heap, at); }

void operator delete[](void* at, std::align_val_t) noexcept { bareheap::operator_new::unsized(program_heap, at); }

void operator delete(void* at, const std::nothrow_t&) noexcept { bareheap::operator_new::unsized(program_heap, at); }

void operator delete[](void* at, const std::nothrow_t&) noexcept { bareheap::operator_new::unsized(program_heap, at); }

void operator delete(void* at, std::align_val_t, const std::nothrow_t&) noexcept {
  bareheap::operator_new::unsized(program_heap, at);
}

void operator delete[](void* at, std::align_val_t, const std::nothrow_t&) noexcept {
  bareheap::operator_new::unsized(program_heap, at);
}
