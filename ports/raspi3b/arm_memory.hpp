// SPDX-License-Identifier: MIT
// Asks the firmware how much of the RAM is the ARM's.
#pragma once

#include "bareheap/core/bits.hpp"
#include "bareheap/core/function_ref.hpp"
#include "bareheap/core/platform.hpp"
#include "bareheap/core/region.hpp"
#include "ports/raspi3b/machine.hpp"
#include "ports/raspi3b/mailbox.hpp"
#include "ports/raspi3b/property.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace bareheap::raspi3b {

/// What write_arm_memory_request() needs.
inline constexpr std::size_t arm_memory_message_words = 8;

/// Writes the request; `region_at` becomes the index of the answer: first address, then size in bytes.
[[nodiscard]] constexpr bool write_arm_memory_request(std::span<std::uint32_t> message,
                                                      std::size_t& region_at) noexcept {
  MessageWriter writer(message);
  region_at = writer.add(Tag::get_arm_memory, {0, 0});
  return writer.finish();
}

/// The ARM's memory as the firmware reports it, cut off where the memory map ends to have caches. Nothing where the
/// firmware does not say, or says that there is none.
template <bareheap::Platform P>
[[nodiscard]] std::optional<Region> arm_memory(std::span<std::uint32_t> message) noexcept {
  std::size_t region_at = 0;
  if (!write_arm_memory_request(message, region_at)) return std::nullopt;
  if (!mailbox_call<P>(property_channel, message)) return std::nullopt;
  const std::size_t start = message[region_at];
  const std::size_t end = std::min<std::size_t>(start + message[region_at + 1], ram_end);
  if (start >= end) return std::nullopt;
  return Region{reinterpret_cast<std::byte*>(start), end - start};
}

/// Shows `sink` what of `memory` lies at `first` or above and not in `hole`, lowest first.
inline void show_memory_from(const std::byte* first, Region memory, Region hole,
                             FunctionRef<void(Region stretch)> sink) noexcept {
  const std::size_t start = std::max(address_of(first), address_of(memory.start));
  const std::size_t end = address_of(memory.start) + memory.size;
  const std::size_t hole_start = std::clamp(address_of(hole.start), start, std::max(start, end));
  const std::size_t hole_end = std::clamp(address_of(hole.start) + hole.size, hole_start, std::max(start, end));
  const auto show = [&sink](std::size_t from, std::size_t to) noexcept {
    if (from < to) sink(Region{reinterpret_cast<std::byte*>(from), to - from});
  };
  if (hole_start == hole_end) return show(start, end);
  show(start, hole_start);
  show(hole_end, end);
}

}  // namespace bareheap::raspi3b
