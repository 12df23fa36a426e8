// SPDX-License-Identifier: MIT
// Asks the firmware for another clock of the serial line.
#pragma once

#include "bareheap/core/platform.hpp"
#include "ports/raspi3b/mailbox.hpp"
#include "ports/raspi3b/property.hpp"
#include "ports/raspi3b/uart.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace bareheap::raspi3b {

/// What write_clock_request() needs.
inline constexpr std::size_t clock_message_words = 9;

/// The PL011's clock among the clocks (Raspberry Pi firmware wiki, "Mailbox property interface", Clocks).
inline constexpr std::uint32_t uart_clock_identity = 2;

/// Writes the request for a PL011 clock of `rate` Hz; `rate_at` becomes the index of the rate, in request and answer.
[[nodiscard]] constexpr bool write_clock_request(std::span<std::uint32_t> message, std::uint32_t rate,
                                                 std::size_t& rate_at) noexcept {
  constexpr std::uint32_t with_turbo = 0;
  MessageWriter writer(message);
  rate_at = writer.add(Tag::set_clock_rate, {uart_clock_identity, rate, with_turbo}) + 1;
  return writer.finish();
}

/// Sets the PL011's clock to `rate` Hz by a message of clock_message_words words and the serial line to what the clock
/// then is. False, and the line as it was, when the firmware refuses.
template <bareheap::Platform P>
[[nodiscard]] bool set_uart_clock(std::span<std::uint32_t> message, std::uint32_t rate = story_uart_clock) noexcept {
  std::size_t rate_at = 0;
  if (!write_clock_request(message, rate, rate_at)) return false;
  Uart<P>::flush();  // a bit that is on the line while its clock changes would be torn
  if (!mailbox_call<P>(property_channel, message) || message[rate_at] == 0) return false;
  Uart<P>::configure(message[rate_at]);
  return true;
}

}  // namespace bareheap::raspi3b
