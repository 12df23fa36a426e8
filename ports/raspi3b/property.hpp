// SPDX-License-Identifier: MIT
// What can be asked of the GPU's firmware, and how a message with questions is put together (Raspberry Pi firmware
// wiki, "Mailbox property interface").
//
//   word 0      1        2      3        4        5 …            last
//   +-------+--------+-------+-------+--------+-----------+---+-----+
//   | bytes | code 0 | tag   | bytes | code 0 | values …  | … |  0  |   the answer is written over the values
//   +-------+--------+-------+-------+--------+-----------+---+-----+
//                    '--------- one for each question ----'   end tag
#pragma once

#include "ports/raspi3b/mailbox.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

namespace bareheap::raspi3b {

enum class Tag : std::uint32_t {
  end = 0,
  get_arm_memory = 0x00010005,
  set_clock_rate = 0x00038002,
  allocate_buffer = 0x00040001,
  get_pitch = 0x00040008,
  set_physical_size = 0x00048003,
  set_virtual_size = 0x00048004,
  set_depth = 0x00048005,
  set_pixel_order = 0x00048006,
  set_virtual_offset = 0x00048009,
};

/// Writes a message from its first word to its last. What does not fit is not written, and finish() says so.
class MessageWriter {
 public:
  explicit constexpr MessageWriter(std::span<std::uint32_t> message) noexcept : message_(message) {
    put(static_cast<std::uint32_t>(message.size_bytes()));
    put(process_request);
  }

  /// Adds a question and returns the index of its first value. There must be a value for each word of the answer too.
  constexpr std::size_t add(Tag tag, std::initializer_list<std::uint32_t> values) noexcept {
    put(static_cast<std::uint32_t>(tag));
    put(static_cast<std::uint32_t>(values.size() * sizeof(std::uint32_t)));
    put(process_request);
    const std::size_t first = next_;
    for (const std::uint32_t value : values) put(value);
    return first;
  }

  /// Ends the message: true when it fills all of the words, so that its end stands where the first word says.
  [[nodiscard]] constexpr bool finish() noexcept {
    put(static_cast<std::uint32_t>(Tag::end));
    return next_ == message_.size();
  }

 private:
  constexpr void put(std::uint32_t word) noexcept {
    if (next_ < message_.size()) message_[next_] = word;
    ++next_;
  }

  std::span<std::uint32_t> message_;
  std::size_t next_ = 0;
};

}  // namespace bareheap::raspi3b
