// SPDX-License-Identifier: MIT
// A trace over a serial line that other words go over too: "trace: " and base64, so many lines as it takes. `bareheap
// import serial` reads the log.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bareheap::port {

inline constexpr char trace_line_start[] = "trace: ";
inline constexpr char base64_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A sink for Traced: `Traced<HoleList, TraceLines<port::write>>`. Whoever wants times or CPUs in the trace derives
/// from it and adds now() or cpu().
template <void (*Write)(const char* characters, std::size_t size) noexcept>
class TraceLines {
 public:
  void write(const std::byte* bytes, std::size_t size) noexcept {
    for (std::size_t count; size != 0; bytes += count, size -= count) {
      count = size < bytes_of_line ? size : bytes_of_line;
      write_line(bytes, count);
    }
  }

 private:
  static constexpr std::size_t bytes_of_line = 69;  // three bytes are four letters, and with its start a line is 99

  static void write_line(const std::byte* bytes, std::size_t size) noexcept {
    constexpr std::size_t start = sizeof trace_line_start - 1;
    char line[start + (bytes_of_line + 2) / 3 * 4 + 1];
    char* at = line;
    for (std::size_t index = 0; index < start; ++index) *at++ = trace_line_start[index];
    for (std::size_t index = 0; index < size; index += 3) at = put_three(at, bytes + index, size - index);
    *at++ = '\n';
    Write(line, static_cast<std::size_t>(at - line));
  }

  // Four letters for three bytes, or what is left of them.
  static char* put_three(char* at, const std::byte* bytes, std::size_t left) noexcept {
    std::uint32_t bits = 0;
    for (std::size_t index = 0; index < 3; ++index)
      bits = bits << 8 | (index < left ? std::to_integer<std::uint32_t>(bytes[index]) : 0);
    for (unsigned index = 0; index < 4; ++index)
      *at++ = index <= left ? base64_letters[bits >> (18 - 6 * index) & 63] : '=';
    return at;
  }
};

}  // namespace bareheap::port
