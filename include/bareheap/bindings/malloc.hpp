// SPDX-License-Identifier: MIT
//
// Gives the program's heap to C: defines malloc and all of its family. A program names its heap and includes this
// header, in exactly one source file:
//
//     constinit bareheap::GranuleHeap program_heap;
//     #include "bareheap/bindings/malloc.hpp"        // over newlib: malloc_newlib.hpp instead
//
// From then on the C library's own functions that allocate (strdup, getline, fopen ...) use the heap too, as its own
// malloc is not linked. The rules are those of bindings/malloc_family.hpp. A program that is linked with
// bareheap::malloc and leaves this out fails to link, with one undefined symbol: bareheap_program_malloc.
//
// * No memory before program_heap.init(): malloc answers null until then.
// * errno is that of the C library whose <errno.h> is included here.
// * As safe in interrupts and on several CPUs as the heap's type is, no more: the C library's locks are not used.
//   docs/firmware_malloc.md has heaps that are safe.
// * mallinfo and others that tell of the C library's own heap are not there: a program that calls one gets that heap
//   too, and is refused at the link because there are two malloc.
#pragma once

#include "bareheap/bindings/malloc_family.hpp"

#include <errno.h>

/// What the library's stand-in asks for when a program has no heap for C; its value means nothing.
extern "C" const char bareheap_program_malloc = 1;

namespace bareheap::c_library {

struct System {
  static constexpr int error_no_memory = ENOMEM;
  static constexpr int error_invalid = EINVAL;
  static void out_of_memory() noexcept { errno = ENOMEM; }
  static void invalid() noexcept { errno = EINVAL; }
  static constexpr std::size_t page_size() noexcept { return 4096; }
};

inline constexpr MallocFamily<decltype(program_heap), System> family(program_heap);

// Known to the linker alone by the names of C. So they agree with however a C library declares them, and the compiler
// cannot take what they are made of for something that a call of malloc or calloc would do.
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

}  // namespace bareheap::c_library
