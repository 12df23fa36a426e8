// SPDX-License-Identifier: MIT
// std::to_chars of floating-point numbers, which std::format refers to whether one is printed or not.
#include <charconv>

#include "runtime/floating_text.hpp"

namespace {

using bareheap::runtime::Binary;
using bareheap::runtime::Notation;
using bareheap::runtime::put_precise;
using bareheap::runtime::put_shortest;
using bareheap::runtime::take_apart;

constexpr Notation notation_of(std::chars_format format) noexcept {
  switch (format) {
    case std::chars_format::fixed: return Notation::fixed;
    case std::chars_format::scientific: return Notation::scientific;
    case std::chars_format::hex: return Notation::hexadecimal;
    case std::chars_format::general: break;
  }
  return Notation::general;
}

std::to_chars_result answer(char* end, char* last) noexcept {
  if (end == nullptr) return {last, std::errc::value_too_large};
  return {end, std::errc{}};
}

std::to_chars_result shortest(char* first, char* last, const Binary& number, Notation notation) noexcept {
  return answer(put_shortest(first, last, number, notation), last);
}

std::to_chars_result precise(char* first, char* last, const Binary& number, Notation notation, int precision) noexcept {
  return answer(put_precise(first, last, number, notation, precision), last);
}

}  // namespace

std::to_chars_result std::to_chars(char* first, char* last, float value) {
  return shortest(first, last, take_apart(value), Notation::shorter);
}

std::to_chars_result std::to_chars(char* first, char* last, float value, std::chars_format format) {
  return shortest(first, last, take_apart(value), notation_of(format));
}

std::to_chars_result std::to_chars(char* first, char* last, float value, std::chars_format format, int precision) {
  return precise(first, last, take_apart(value), notation_of(format), precision);
}

std::to_chars_result std::to_chars(char* first, char* last, double value) {
  return shortest(first, last, take_apart(value), Notation::shorter);
}

std::to_chars_result std::to_chars(char* first, char* last, double value, std::chars_format format) {
  return shortest(first, last, take_apart(value), notation_of(format));
}

std::to_chars_result std::to_chars(char* first, char* last, double value, std::chars_format format, int precision) {
  return precise(first, last, take_apart(value), notation_of(format), precision);
}

// A long double is printed as the nearest double, as LLVM's own libc++ 19 does it.
std::to_chars_result std::to_chars(char* first, char* last, long double value) {
  return to_chars(first, last, static_cast<double>(value));
}

std::to_chars_result std::to_chars(char* first, char* last, long double value, std::chars_format format) {
  return to_chars(first, last, static_cast<double>(value), format);
}

std::to_chars_result std::to_chars(char* first, char* last, long double value, std::chars_format format,
                                   int precision) {
  return to_chars(first, last, static_cast<double>(value), format, precision);
}
