// SPDX-License-Identifier: MIT
//
// The names of the C library's malloc and of the language's new, over a heap. A library names its heap and includes
// this, in one source file:
//
//     namespace bareheap::drop_in { constinit SomeHeap program_heap; }
//     #include "drop_in/exports.hpp"
//
// Those of C are bindings/malloc.hpp's. Nothing of the C++ library is linked: what a failing new needs of it is found
// only in programs that have it.
#pragma once

#include "bareheap/bindings/malloc_family.hpp"

#include "drop_in/linux_system.hpp"

#include <cstddef>
#include <errno.h>
#include <new>

using bareheap::drop_in::program_heap;

// What it defines is seen by the program; what it includes was included before.
#pragma GCC visibility push(default)
#include "bareheap/bindings/malloc.hpp"
#pragma GCC visibility pop

// The mangled names of std::get_new_handler() and std::__throw_bad_alloc().
extern "C" {
[[gnu::weak]] std::new_handler _ZSt15get_new_handlerv() noexcept;
[[gnu::weak, noreturn]] void _ZSt17__throw_bad_allocv();
}

namespace bareheap::drop_in {

using c_library::family;
static_assert(c_library::System::page_size() == LinuxSystem::page);

/// As the standard has it: asks the new-handler again and again; without one, throws, or ends a program that has no
/// exceptions.
template <class Allocate>
[[gnu::cold, gnu::noinline]] void* insist(Allocate allocate) {
  for (;;) {
    const std::new_handler handler = _ZSt15get_new_handlerv != nullptr ? _ZSt15get_new_handlerv() : nullptr;
    if (handler == nullptr) {
      if (_ZSt17__throw_bad_allocv != nullptr) _ZSt17__throw_bad_allocv();
      panic({.fault = Fault::out_of_memory, .caller = caller_here()});
    }
    handler();
    if (void* const at = allocate(); at != nullptr) return at;
  }
}

[[gnu::always_inline]] inline void* new_block(std::size_t size) {
  void* const at = family.malloc(size);
  if (at != nullptr) [[likely]] return at;
  return insist([=] { return family.malloc(size); });
}

[[gnu::always_inline]] inline void* new_block(std::size_t size, std::align_val_t alignment) {
  const auto allocate = [=] { return family.memalign(static_cast<std::size_t>(alignment), size); };
  void* const at = allocate();
  if (at != nullptr) [[likely]] return at;
  return insist(allocate);
}

/// The nothrow forms ask no new-handler: what it throws could not be caught here.
template <class... Alignment>
[[gnu::always_inline]] inline void* or_null(std::size_t size, Alignment... alignment) noexcept {
  if constexpr (sizeof...(alignment) == 0) {
    return family.malloc(size);
  } else {
    return family.memalign(static_cast<std::size_t>(alignment)..., size);
  }
}

}  // namespace bareheap::drop_in

#pragma GCC visibility push(default)

namespace bareheap::drop_in {

[[gnu::used]] int malloc_trim(std::size_t kept) noexcept asm("malloc_trim");

/// Gives all pages back that it can, whatever is to be kept. 1: some were.
int malloc_trim(std::size_t) noexcept { return program_heap.trim() ? 1 : 0; }

}  // namespace bareheap::drop_in

void* operator new(std::size_t size) { return bareheap::drop_in::new_block(size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return bareheap::drop_in::new_block(size, alignment);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return bareheap::drop_in::or_null(size); }
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return bareheap::drop_in::or_null(size, alignment);
}
void operator delete(void* at) noexcept { bareheap::drop_in::family.free(at); }
void operator delete(void* at, std::size_t size) noexcept { bareheap::drop_in::family.free_sized(at, size); }
void operator delete(void* at, const std::nothrow_t&) noexcept {
  bareheap::drop_in::family.free(at);
}
void operator delete(void* at, std::align_val_t) noexcept { bareheap::drop_in::family.free(at); }
void operator delete(void* at, std::align_val_t, const std::nothrow_t&) noexcept {
  bareheap::drop_in::family.free(at);
}
void operator delete(void* at, std::size_t size, std::align_val_t alignment) noexcept {
  bareheap::drop_in::family.free_aligned_sized(at, static_cast<std::size_t>(alignment), size);
}
void* operator new[](std::size_t size) { return bareheap::drop_in::new_block(size); }
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return bareheap::drop_in::new_block(size, alignment);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return bareheap::drop_in::or_null(size); }
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return bareheap::drop_in::or_null(size, alignment);
}
void operator delete[](void* at) noexcept { bareheap::drop_in::family.free(at); }
void operator delete[](void* at, std::size_t size) noexcept { bareheap::drop_in::family.free_sized(at, size); }
void operator delete[](void* at, const std::nothrow_t&) noexcept {
  bareheap::drop_in::family.free(at);
}
void operator delete[](void* at, std::align_val_t) noexcept { bareheap::drop_in::family.free(at); }
void operator delete[](void* at, std::align_val_t, const std::nothrow_t&) noexcept {
  bareheap::drop_in::family.free(at);
}
void operator delete[](void* at, std::size_t size, std::align_val_t alignment) noexcept {
  bareheap::drop_in::family.free_aligned_sized(at, static_cast<std::size_t>(alignment), size);
}

#pragma GCC visibility pop
