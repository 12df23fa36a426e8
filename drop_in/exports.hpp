// SPDX-License-Identifier: MIT
//
// The names of the C library's malloc and of the language's new, over a heap. A library names its heap and includes
// this, in one source file:
//
//     namespace bareheap::drop_in { constinit SomeHeap program_heap; }
//     #include "drop_in/exports.hpp"
//
// Nothing of the C++ library is linked: what a failing new needs of it is found only in programs that have it.
#pragma once

#include "bareheap/bindings/malloc_family.hpp"

#include "drop_in/linux_system.hpp"

#include <cerrno>
#include <cstddef>
#include <new>

namespace bareheap::drop_in {

struct ErrnoSystem {
  static constexpr int error_no_memory = ENOMEM;
  static constexpr int error_invalid = EINVAL;
  static void out_of_memory() noexcept { errno = ENOMEM; }
  static void invalid() noexcept { errno = EINVAL; }
  static std::size_t page_size() noexcept { return LinuxSystem::page; }
};

inline constexpr MallocFamily<decltype(program_heap), ErrnoSystem> family(program_heap);

}  // namespace bareheap::drop_in

// The mangled names of std::get_new_handler() and std::__throw_bad_alloc().
extern "C" {
[[gnu::weak]] std::new_handler _ZSt15get_new_handlerv() noexcept;
[[gnu::weak, noreturn]] void _ZSt17__throw_bad_allocv();
}

namespace bareheap::drop_in {

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

// Known to the linker alone by the names of C: so the compiler cannot take what they are made of for something that a
// call of malloc or calloc would do.
[[gnu::used]] void* malloc(std::size_t size) noexcept asm("malloc");
[[gnu::used]] void free(void* at) noexcept asm("free");
[[gnu::used]] void* calloc(std::size_t count, std::size_t size) noexcept asm("calloc");
[[gnu::used]] void* realloc(void* at, std::size_t size) noexcept asm("realloc");
[[gnu::used]] void* reallocarray(void* at, std::size_t count, std::size_t size) noexcept asm("reallocarray");
[[gnu::used]] void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept asm("aligned_alloc");
[[gnu::used]] void* memalign(std::size_t alignment, std::size_t size) noexcept asm("memalign");
[[gnu::used]] int posix_memalign(void** result, std::size_t alignment, std::size_t size) noexcept asm("posix_memalign");
[[gnu::used]] void* valloc(std::size_t size) noexcept asm("valloc");
[[gnu::used]] void* pvalloc(std::size_t size) noexcept asm("pvalloc");
[[gnu::used]] std::size_t malloc_usable_size(void* at) noexcept asm("malloc_usable_size");
[[gnu::used]] void free_sized(void* at, std::size_t size) noexcept asm("free_sized");
[[gnu::used]] void free_aligned_sized(void* at, std::size_t alignment, std::size_t size) noexcept
    asm("free_aligned_sized");
[[gnu::used]] int malloc_trim(std::size_t kept) noexcept asm("malloc_trim");

void* malloc(std::size_t size) noexcept { return family.malloc(size); }
void free(void* at) noexcept { family.free(at); }
void* calloc(std::size_t count, std::size_t size) noexcept { return family.calloc(count, size); }
void* realloc(void* at, std::size_t size) noexcept { return family.realloc(at, size); }
void* reallocarray(void* at, std::size_t count, std::size_t size) noexcept {
  return family.reallocarray(at, count, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept { return family.aligned_alloc(alignment, size); }
void* memalign(std::size_t alignment, std::size_t size) noexcept { return family.memalign(alignment, size); }
int posix_memalign(void** result, std::size_t alignment, std::size_t size) noexcept {
  return family.posix_memalign(result, alignment, size);
}
void* valloc(std::size_t size) noexcept { return family.valloc(size); }
void* pvalloc(std::size_t size) noexcept { return family.pvalloc(size); }
std::size_t malloc_usable_size(void* at) noexcept { return family.usable_size(at); }
void free_sized(void* at, std::size_t size) noexcept { family.free_sized(at, size); }
void free_aligned_sized(void* at, std::size_t alignment, std::size_t size) noexcept {
  family.free_aligned_sized(at, alignment, size);
}

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
