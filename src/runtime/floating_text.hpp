// SPDX-License-Identifier: MIT
// Floating-point numbers as text, as [charconv.to.chars] wants it, free of any library so that a host can test it.
#pragma once

#include "runtime/decimal.hpp"

#include <cstdint>

namespace bareheap::runtime {

enum class Notation : std::uint8_t {
  shorter,      ///< fixed or scientific, whichever is shorter
  fixed,        ///< printf's %f
  scientific,   ///< %e
  general,      ///< %g
  hexadecimal,  ///< %a without the 0x
};

/// Writes the fewest digits that tell the number from all others of its type. The answer is the end of the text, or
/// nullptr where it does not fit between `first` and `last`.
char* put_shortest(char* first, char* last, const Binary& number, Notation notation) noexcept;

/// Writes the number rounded to `precision` digits, counted as printf does; a negative one is 6.
char* put_precise(char* first, char* last, const Binary& number, Notation notation, int precision) noexcept;

}  // namespace bareheap::runtime
