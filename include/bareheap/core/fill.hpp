// SPDX-License-Identifier: MIT
// Bytes that all have one value, so that what has been written over them shows.
#pragma once

#include <cstddef>

namespace bareheap {

inline void fill(std::byte* at, std::size_t size, unsigned char value) noexcept { __builtin_memset(at, value, size); }

/// True where fill() would change nothing. They are of one value where the first has it and each equals the next.
inline bool is_filled(const std::byte* at, std::size_t size, unsigned char value) noexcept {
  if (size == 0) return true;
  return *at == std::byte{value} && __builtin_memcmp(at, at + 1, size - 1) == 0;
}

}  // namespace bareheap
