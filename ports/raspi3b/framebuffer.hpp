// SPDX-License-Identifier: MIT
// The screen: asks the firmware for a framebuffer.
#pragma once

#include "bareheap/core/platform.hpp"
#include "ports/raspi3b/machine.hpp"
#include "ports/raspi3b/mailbox.hpp"
#include "ports/raspi3b/property.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace bareheap::raspi3b {

/// Which colour the lowest byte of a pixel is.
enum class PixelOrder : std::uint32_t { blue_first = 0, red_first = 1 };

/// Rows of 32-bit pixels, `pitch` bytes apart. The memory is not cached: write whole pixels, and read none back.
struct Framebuffer {
  std::byte* pixels = nullptr;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t pitch = 0;
  PixelOrder order = PixelOrder::red_first;

  /// The first pixel of row `y`.
  std::uint32_t* row(std::uint32_t y) const noexcept {
    return reinterpret_cast<std::uint32_t*>(pixels + std::size_t{y} * pitch);
  }
};

/// What write_framebuffer_request() needs.
inline constexpr std::size_t framebuffer_message_words = 35;

/// Where the answers stand in the message.
struct FramebufferAnswers {
  std::size_t size_at = 0;
  std::size_t depth_at = 0;
  std::size_t order_at = 0;
  std::size_t buffer_at = 0;
  std::size_t pitch_at = 0;
};

inline constexpr std::uint32_t framebuffer_depth = 32;
inline constexpr std::uint32_t framebuffer_alignment = 4096;

/// Writes the request for a framebuffer of this size in pixels.
[[nodiscard]] constexpr bool write_framebuffer_request(std::span<std::uint32_t> message, std::uint32_t width,
                                                       std::uint32_t height, FramebufferAnswers& answers) noexcept {
  MessageWriter writer(message);
  answers.size_at = writer.add(Tag::set_physical_size, {width, height});
  writer.add(Tag::set_virtual_size, {width, height});
  writer.add(Tag::set_virtual_offset, {0, 0});
  answers.depth_at = writer.add(Tag::set_depth, {framebuffer_depth});
  answers.order_at = writer.add(Tag::set_pixel_order, {static_cast<std::uint32_t>(PixelOrder::red_first)});
  answers.buffer_at = writer.add(Tag::allocate_buffer, {framebuffer_alignment, 0});
  answers.pitch_at = writer.add(Tag::get_pitch, {0});
  return writer.finish();
}

/// The framebuffer that an answer tells of, which may have another size than was asked for. Nothing where the depth is
/// another one, where there is no buffer, and where the buffer does not lie whole in the part of memory that is mapped
/// without caches: drawing into any other would show on the screen late or never.
[[nodiscard]] inline std::optional<Framebuffer> read_framebuffer(std::span<const std::uint32_t> message,
                                                                 const FramebufferAnswers& answers) noexcept {
  const std::uint64_t address = message[answers.buffer_at] & bus_address_mask;
  const std::uint64_t width = message[answers.size_at];
  const std::uint64_t height = message[answers.size_at + 1];
  const std::uint64_t pitch = message[answers.pitch_at];
  if (message[answers.depth_at] != framebuffer_depth || address == 0) return std::nullopt;
  if (pitch < width * sizeof(std::uint32_t) || pitch * height > message[answers.buffer_at + 1]) return std::nullopt;
  if (address < ram_end || address + pitch * height > devices_start) return std::nullopt;
  return Framebuffer{.pixels = reinterpret_cast<std::byte*>(static_cast<std::uintptr_t>(address)),
                     .width = message[answers.size_at],
                     .height = message[answers.size_at + 1],
                     .pitch = message[answers.pitch_at],
                     .order = PixelOrder{message[answers.order_at]}};
}

/// Asks for a framebuffer by a message of framebuffer_message_words words.
template <bareheap::Platform P>
[[nodiscard]] std::optional<Framebuffer> open_framebuffer(std::span<std::uint32_t> message, std::uint32_t width = 1024,
                                                          std::uint32_t height = 768) noexcept {
  FramebufferAnswers answers;
  if (!write_framebuffer_request(message, width, height, answers)) return std::nullopt;
  if (!mailbox_call<P>(property_channel, message)) return std::nullopt;
  return read_framebuffer(message, answers);
}

}  // namespace bareheap::raspi3b
