// SPDX-License-Identifier: MIT
// Sends a message to the GPU's firmware and waits for the answer, which it writes over the message.
#pragma once

#include "bareheap/core/bits.hpp"
#include "bareheap/core/platform.hpp"
#include "bareheap/core/region.hpp"
#include "ports/raspi3b/machine.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace bareheap::raspi3b {

/// The channel of property messages from the ARM to the GPU (Raspberry Pi firmware wiki, "Mailboxes").
inline constexpr unsigned property_channel = 8;

/// Word 1 of a message (Raspberry Pi firmware wiki, "Mailbox property interface").
inline constexpr std::uint32_t process_request = 0;
inline constexpr std::uint32_t request_successful = 0x80000000;

namespace detail {

template <bareheap::Platform P>
void post(std::uint32_t value) noexcept {
  while ((P::read_register(mailbox::write_status) & mailbox::status_full) != 0) {
  }
  P::write_register(mailbox::write, value);
}

/// The next answer on `channel`; answers to others, which nobody waits for, are dropped.
template <bareheap::Platform P>
void await_answer(unsigned channel) noexcept {
  do {
    while ((P::read_register(mailbox::read_status) & mailbox::status_empty) != 0) {
    }
  } while ((P::read_register(mailbox::read) & 0xf) != channel);
}

}  // namespace detail

/// Sends `message` over `channel`, fills in its first two words (its bytes, and that it is a request), and waits as
/// long as it takes. True when the firmware reports that it understood all of it. One CPU at a time may call.
///
/// The message starts on a cache line and nothing else lies in the line that it ends in (allocate_message_buffer()
/// gives such memory); one that starts elsewhere, or has no room for the two words, is refused without being sent. The
/// GPU sees memory and not the ARM's caches, so around the answer:
/// * clean, barrier: the request is in memory before the GPU is told of it;
/// * barrier, invalidate: after the answer is there, the lines that the ARM may have fetched meanwhile, even
///   speculatively, are dropped;
/// * barrier: the dropping is complete before the first word is read.
/// The property channel takes the address as the ARM sees it, without the bits of a bus address (Raspberry Pi firmware
/// wiki, "Accessing mailboxes").
template <bareheap::Platform P>
[[nodiscard]] bool mailbox_call(unsigned channel, std::span<std::uint32_t> message) noexcept {
  const std::size_t address = address_of(message.data());
  if (message.size() < 2 || !is_aligned(address, cache_line_size)) return false;
  message[0] = static_cast<std::uint32_t>(message.size_bytes());
  message[1] = process_request;
  const Region lines{reinterpret_cast<std::byte*>(message.data()),
                     CheckedSize(message.size_bytes()).aligned_up(cache_line_size).value()};
  P::clean(lines);
  P::barrier();
  detail::post<P>(static_cast<std::uint32_t>(address & ~std::size_t{0xf}) + (channel & 0xf));
  detail::await_answer<P>(channel & 0xf);
  P::barrier();
  P::invalidate(lines);
  P::barrier();
  return message[1] == request_successful;
}

}  // namespace bareheap::raspi3b
