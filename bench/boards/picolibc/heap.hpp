// SPDX-License-Identifier: MIT
// picolibc's malloc as an engine. The objects are those of Debian's package, built for release; they get what they want
// from outside: sbrk over the region, and a thread pointer for errno, which is all that they keep per thread.
#pragma once

#include "thread_pointer.hpp"

#include "bareheap/core/layout.hpp"
#include "bareheap/core/region.hpp"

#include <cstddef>

extern "C" {
void* malloc(std::size_t size);
void* memalign(std::size_t alignment, std::size_t size);
void* realloc(void* at, std::size_t size);
void free(void* at);
extern void* __malloc_free_list;
extern void* __malloc_sbrk_start;
extern void* __malloc_sbrk_top;
}

namespace bareheap::bench::picolibc {

/// What sbrk() has not given out yet.
extern constinit Region break_region;

/// Whether the memset() that picolibc's objects call does anything.
extern constinit bool memset_works;

/// malloc() of this release clears every block. `Clears` false: without that, which is what its list costs.
template <bool Clears>
class Heap {
 public:
  Heap() noexcept : thread_pointer_(thread_pointer()) { set_thread_pointer(thread_storage_); }
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;
  ~Heap() { set_thread_pointer(thread_pointer_); }

  void init(Region region) noexcept {
    break_region = region;
    memset_works = Clears;
    __malloc_free_list = __malloc_sbrk_start = __malloc_sbrk_top = nullptr;
  }

  /// Alignments up to 16 are what a program gets that asks for none; here that is 8.
  Block allocate(Layout asked) noexcept {
    void* const at = asked.alignment() > 16 ? memalign(asked.alignment(), asked.size()) : malloc(asked.size());
    return {static_cast<std::byte*>(at), asked.size()};
  }

  void deallocate(std::byte* at, Layout) noexcept { free(at); }

  /// A size of 0 would free the block.
  Block reallocate(std::byte* at, Layout, std::size_t size) noexcept {
    return {static_cast<std::byte*>(realloc(at, size == 0 ? 1 : size)), size};
  }

  /// By bisection: it has no picture. The end of the heap changes by it, so it is asked last.
  std::size_t largest_free() noexcept {
    memset_works = false;
    std::size_t fits = 0;
    for (std::size_t fails = std::size_t{1} << 32; fails - fits > 1;) {
      const std::size_t size = fits + (fails - fits) / 2;
      void* const at = malloc(size);
      free(at);
      (at != nullptr ? fits : fails) = size;
    }
    return fits;
  }

 private:
  alignas(64) std::byte thread_storage_[64] = {};
  std::byte* thread_pointer_;
};

}  // namespace bareheap::bench::picolibc
