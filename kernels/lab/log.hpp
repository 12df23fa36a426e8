// SPDX-License-Identifier: MIT
// Lines on the serial line, put together from words and numbers.
#pragma once

#include "ports/common/port.hpp"

#include <concepts>

namespace bareheap::lab {

struct Hexadecimal {
  std::size_t value;
};

inline void say_piece(const char* text) noexcept { put_text(port::serial, text); }
inline void say_piece(std::unsigned_integral auto value) noexcept { put_decimal(port::serial, value); }
inline void say_piece(Hexadecimal number) noexcept { put_hexadecimal(port::serial, number.value); }
inline void say_piece(const void* address) noexcept { put_hexadecimal(port::serial, address_of(address)); }

void say(const auto&... pieces) noexcept {
  (say_piece(pieces), ...);
  say_piece("\r\n");
}

/// The line of a demonstration: "  name: pieces", and what is wrong where something is. Returns `right`.
bool show(const char* name, bool right, const auto&... pieces) noexcept {
  say("  ", name, ": ", pieces..., right ? "" : " - WRONG");
  return right;
}

}  // namespace bareheap::lab
