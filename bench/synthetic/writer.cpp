// SPDX-License-Identifier: MIT
#include "writer.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace bareheap::bench {

std::uint32_t Writer::allocate(std::uint64_t size, std::uint8_t alignment_log2) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  std::ranges::pop_heap(free_slots_, std::greater());
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  slots_[slot] = {size, alignment_log2, true};
  operations_.push_back({.size = size, .slot = slot, .alignment_log2 = alignment_log2});
  return slot;
}

void Writer::reallocate(std::uint32_t slot, std::uint64_t size) {
  slots_[slot].size = size;
  operations_.push_back(
      {.size = size, .slot = slot, .call = TraceCall::reallocate, .alignment_log2 = slots_[slot].alignment_log2});
}

void Writer::deallocate(std::uint32_t slot) {
  Live& live = slots_[slot];
  operations_.push_back(
      {.size = live.size, .slot = slot, .call = TraceCall::deallocate, .alignment_log2 = live.alignment_log2});
  live.lives = false;
  free_slots_.push_back(slot);
  std::ranges::push_heap(free_slots_, std::greater());
}

void Writer::deallocate_any(std::vector<std::uint32_t>& blocks, std::size_t index) {
  deallocate(std::exchange(blocks[index], blocks.back()));
  blocks.pop_back();
}

tools::Trace Writer::finish(const char* name) {
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].lives) deallocate(slot);
  }
  tools::Trace trace;
  trace.program = name;
  trace.slots = static_cast<std::uint32_t>(slots_.size());
  trace.operations = std::move(operations_);
  return trace;
}

}  // namespace bareheap::bench
