// SPDX-License-Identifier: MIT
// Memory from a heap for messages that a device reads and writes beside the processor's caches.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/core/bits.hpp"
#include "bareheap/core/layout.hpp"
#include "ports/raspi3b/machine.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace bareheap::raspi3b {

/// Whole cache lines: dropping the message's lines from the cache drops nothing of a neighbour. A count of words that
/// no memory can hold becomes a layout that every heap refuses.
constexpr Layout message_layout(std::size_t words) noexcept {
  return Layout((CheckedSize(words) * sizeof(std::uint32_t)).aligned_up(cache_line_size).value(), cache_line_size);
}

/// A message of `words` words, all 0, in lines of its own; empty where the heap has no room or `words` is 0. It goes
/// back by release_message_buffer().
std::span<std::uint32_t> allocate_message_buffer(Allocator auto& heap, std::size_t words) noexcept {
  if (words == 0) return {};
  const Block block = heap.allocate(message_layout(words));
  if (!block) return {};
  const std::span<std::uint32_t> message(reinterpret_cast<std::uint32_t*>(block.at), words);
  for (std::uint32_t& word : message) word = 0;
  return message;
}

/// Takes back what allocate_message_buffer() gave; nothing for an empty one.
void release_message_buffer(Allocator auto& heap, std::span<std::uint32_t> message) noexcept {
  if (message.empty()) return;
  heap.deallocate(reinterpret_cast<std::byte*>(message.data()), message_layout(message.size()));
}

}  // namespace bareheap::raspi3b
