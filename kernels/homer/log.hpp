// SPDX-License-Identifier: MIT
// Lines on the serial line, put together from words and numbers.
#pragma once

#include "ports/common/port.hpp"

#include <concepts>

namespace bareheap::homer {

struct Hexadecimal {
  std::size_t value;
};

inline void say_piece(const char* text) noexcept { put_text(port::serial, text); }
inline void say_piece(std::unsigned_integral auto value) noexcept { put_decimal(port::serial, value); }
inline void say_piece(Hexadecimal number) noexcept { put_hexadecimal(port::serial, number.value); }
inline void say_piece(const void* address) noexcept { put_hexadecimal(port::serial, address_of(address)); }

/// One line: "homer: " and the pieces one after another.
void say(const auto&... pieces) noexcept {
  say_piece("homer: ");
  (say_piece(pieces), ...);
  say_piece("\r\n");
}

}  // namespace bareheap::homer
