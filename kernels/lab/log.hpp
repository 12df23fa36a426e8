// SPDX-License-Identifier: MIT
// Lines on the serial line, put together from words and numbers.
#pragma once

#include "ports/common/say.hpp"

namespace bareheap::lab {

using port::Hexadecimal;
using port::say_piece;

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
