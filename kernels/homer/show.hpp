// SPDX-License-Identifier: MIT
// The story's picture: four buffers from the heap, and what is in them on the screen.
#pragma once

#include "kernels/homer/canvas.hpp"

#include <cstdint>
#include <optional>

namespace bareheap::homer {

/// The blocks that the story takes from the heap, in its order (S1-11). They live as long as the kernel does.
struct StoryBlocks {
  const void* clock_message = nullptr;
  const void* screen_message = nullptr;
  const void* picture = nullptr;
};

/// Sets the serial line's clock (S1-03, S1-11). Without room for the message the kernel stops with a line (S1-04).
void set_clock(StoryBlocks& blocks) noexcept;

/// Asks for the screen, 1024 x 768 (S1-08); stops with a line when there is no room or no screen.
Canvas open_screen(StoryBlocks& blocks) noexcept;

/// Decodes the picture into the heap and draws it in the middle of the screen (S1-09).
void show_picture(Canvas& canvas, StoryBlocks& blocks) noexcept;

}  // namespace bareheap::homer
