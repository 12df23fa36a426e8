// SPDX-License-Identifier: MIT
// The allocator that the program would use without this library: that of the C library, or one that replaces it.
#pragma once

#include <cstddef>

namespace bareheap::recorder {

struct Functions {
  void* (*malloc)(std::size_t);
  void* (*calloc)(std::size_t, std::size_t);
  void* (*realloc)(void*, std::size_t);
  void (*free)(void*);
  void* (*aligned_alloc)(std::size_t, std::size_t);
  void* (*memalign)(std::size_t, std::size_t);
  int (*posix_memalign)(void**, std::size_t, std::size_t);
  void* (*valloc)(std::size_t);
  void* (*pvalloc)(std::size_t);
};

/// Null while they are looked for, which may take memory itself: that comes from early_block().
const Functions* allocator() noexcept;

/// Zeros, aligned to 16 bytes, never given back; null where there are no more of the few thousand bytes.
void* early_block(std::size_t size) noexcept;

bool is_early(const void* at) noexcept;

/// Bytes that may be read from an early block.
std::size_t early_bytes_from(const void* at) noexcept;

}  // namespace bareheap::recorder
