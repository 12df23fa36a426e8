// SPDX-License-Identifier: MIT
// Words and numbers on the serial line, one piece after another. A kernel makes its lines of them.
#pragma once

#include "ports/common/port.hpp"

#include <concepts>
#include <cstddef>

namespace bareheap::port {

struct Hexadecimal {
  std::size_t value;
};

inline void say_piece(const char* text) noexcept { put_text(serial, text); }
inline void say_piece(char character) noexcept { write(&character, 1); }
inline void say_piece(std::unsigned_integral auto value) noexcept { put_decimal(serial, value); }
inline void say_piece(Hexadecimal number) noexcept { put_hexadecimal(serial, number.value); }
inline void say_piece(const void* address) noexcept { put_hexadecimal(serial, address_of(address)); }

}  // namespace bareheap::port
