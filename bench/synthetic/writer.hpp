// SPDX-License-Identifier: MIT
// What a synthetic load is made with: calls that become a trace.
#pragma once

#include "trace.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bareheap::bench {

/// Makes the trace of the calls. Blocks are known by their slots; the lowest free one is given, as a reader does.
class Writer {
 public:
  /// Answers the block's slot.
  std::uint32_t allocate(std::uint64_t size, std::uint8_t alignment_log2 = natural_alignment_log2);
  void reallocate(std::uint32_t slot, std::uint64_t size);
  void deallocate(std::uint32_t slot);

  /// Deallocates the block at `index` of the list; the last one takes its place there.
  void deallocate_any(std::vector<std::uint32_t>& blocks, std::size_t index);

  /// Frees what lives. What was written becomes the trace.
  tools::Trace finish(const char* name);

 private:
  static constexpr std::uint8_t natural_alignment_log2 = 4;

  struct Live {
    std::uint64_t size = 0;
    std::uint8_t alignment_log2 = 0;
    bool lives = false;
  };

  std::vector<tools::Operation> operations_;
  std::vector<Live> slots_;
  std::vector<std::uint32_t> free_slots_;  // a heap, the lowest on top
};

}  // namespace bareheap::bench
