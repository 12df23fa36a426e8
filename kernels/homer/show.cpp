// SPDX-License-Identifier: MIT
#include "kernels/homer/show.hpp"

#include "heap.hpp"
#include "kernels/homer/log.hpp"
#include "picture.hpp"
#include "ports/raspi3b/clock.hpp"
#include "ports/raspi3b/framebuffer.hpp"
#include "ports/raspi3b/message_buffer.hpp"
#include "ports/raspi3b/platform.hpp"

#include <new>
#include <span>

namespace bareheap::homer {

namespace {

using raspi3b::Platform;

std::span<std::uint32_t> message_or_stop(std::size_t words, const char* purpose) noexcept {
  const std::span<std::uint32_t> message = raspi3b::allocate_message_buffer(program_heap, words);
  if (message.empty()) {
    say("out of memory: no ", words * sizeof(std::uint32_t), " bytes for ", purpose);
    port::exit(1);
  }
  return message;
}

/// The story's hexadecimal text: eight digits in eight bytes of the heap, which are taken on this error path only.
void say_refusal(std::uint32_t code) noexcept {
  char* const digits = static_cast<char*>(::operator new(8, std::align_val_t{4}, std::nothrow));
  if (digits == nullptr) return say("the firmware gave no screen, and there is no room to say why");
  for (unsigned digit = 0; digit < 8; ++digit) digits[digit] = "0123456789abcdef"[code >> (28 - 4 * digit) & 0xf];
  say_piece("homer: the firmware gave no screen, its answer is 0x");
  port::write(digits, 8);
  say_piece("\r\n");
}

/// Four printable characters carry three bytes, six bits each.
struct Encoded {
  const char* characters;

  std::uint32_t sextet(unsigned index) const noexcept { return static_cast<std::uint32_t>(characters[index] - 33); }
  std::uint32_t red() const noexcept { return (sextet(0) << 2 | sextet(1) >> 4) & 0xff; }
  std::uint32_t green() const noexcept { return (sextet(1) << 4 | sextet(2) >> 2) & 0xff; }
  std::uint32_t blue() const noexcept { return (sextet(2) << 6 | sextet(3)) & 0xff; }
};

constexpr std::size_t pixel_count = std::size_t{picture_width} * picture_height;
static_assert(sizeof picture_data == pixel_count * 4 + 1, "four characters a pixel, and the zero that ends a text");

}  // namespace

void set_clock(StoryBlocks& blocks) noexcept {
  const auto message = message_or_stop(raspi3b::clock_message_words, "the clock's message");
  blocks.clock_message = message.data();
  if (!raspi3b::set_uart_clock<Platform>(message)) say("the firmware left the serial line's clock as it was");
}

Canvas open_screen(StoryBlocks& blocks) noexcept {
  const auto message = message_or_stop(raspi3b::framebuffer_message_words, "the screen's message");
  blocks.screen_message = message.data();
  const auto screen = raspi3b::open_framebuffer<Platform>(message);
  if (!screen) {
    say_refusal(message[1]);
    port::exit(1);
  }
  const PixelOrder order = screen->order == raspi3b::PixelOrder::red_first ? PixelOrder::rgb : PixelOrder::bgr;
  return Canvas(screen->row(0), screen->width, screen->height, screen->pitch, order);
}

void show_picture(Canvas& canvas, StoryBlocks& blocks) noexcept {
  auto* const pixels = static_cast<std::uint32_t*>(
      ::operator new(pixel_count * sizeof(std::uint32_t), std::align_val_t{16}, std::nothrow));
  if (pixels == nullptr) {
    say("out of memory: no ", pixel_count * sizeof(std::uint32_t), " bytes for the picture");
    port::exit(1);
  }
  blocks.picture = pixels;
  for (std::size_t index = 0; index < pixel_count; ++index) {
    const Encoded encoded{picture_data + 4 * index};
    pixels[index] = encoded.red() << 16 | encoded.green() << 8 | encoded.blue();
  }
  const std::int32_t left = canvas.width() / 2 - static_cast<std::int32_t>(picture_width / 2);
  const std::int32_t top = canvas.height() / 2 - static_cast<std::int32_t>(picture_height / 2);
  for (std::size_t index = 0; index < pixel_count; ++index) {
    canvas.put(left + static_cast<std::int32_t>(index % picture_width),
               top + static_cast<std::int32_t>(index / picture_width), Colour{pixels[index]});
  }
}

}  // namespace bareheap::homer
