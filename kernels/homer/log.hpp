// SPDX-License-Identifier: MIT
// Lines on the serial line, put together from words and numbers.
#pragma once

#include "ports/common/say.hpp"

namespace bareheap::homer {

using port::Hexadecimal;
using port::say_piece;

/// One line: "homer: " and the pieces one after another.
void say(const auto&... pieces) noexcept {
  say_piece("homer: ");
  (say_piece(pieces), ...);
  say_piece("\r\n");
}

}  // namespace bareheap::homer
