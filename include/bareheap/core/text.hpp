// SPDX-License-Identifier: MIT
// Text without a library: numbers and sentences go piece by piece into a sink. Nothing is buffered or allocated.
#pragma once

#include "bareheap/core/function_ref.hpp"

#include <cstddef>

namespace bareheap {

/// Takes `size` characters; they are not ended by a zero. A kernel's sink writes to its serial line.
using TextSink = FunctionRef<void(const char* characters, std::size_t size)>;

inline void put_text(TextSink sink, const char* text) noexcept {
  std::size_t size = 0;
  while (text[size] != '\0') ++size;
  sink(text, size);
}

/// Writes `value` in decimal, without leading zeros.
inline void put_decimal(TextSink sink, std::size_t value) noexcept {
  char digits[20];
  std::size_t first = sizeof digits;
  do {
    digits[--first] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  sink(digits + first, sizeof digits - first);
}

/// Writes `value` in hexadecimal with 0x in front, without leading zeros.
inline void put_hexadecimal(TextSink sink, std::size_t value) noexcept {
  char digits[18];
  std::size_t first = sizeof digits;
  do {
    digits[--first] = "0123456789abcdef"[value % 16];
    value /= 16;
  } while (value != 0);
  digits[--first] = 'x';
  digits[--first] = '0';
  sink(digits + first, sizeof digits - first);
}

}  // namespace bareheap
