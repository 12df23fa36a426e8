// SPDX-License-Identifier: MIT
// Which blocks a program can still get at: those that a word points into which lies in its writable memory (variables,
// stacks, private mappings) or in a block that it can get at. What looks like a pointer is taken for one. The registers
// of other threads are not seen, nor is memory that is shared with other processes.
#pragma once

#include "bareheap/core/region.hpp"

#include "drop_in/checked/call_stacks.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace bareheap::drop_in {

/// A block that was not freed.
struct LiveBlock {
  const std::byte* at;
  std::size_t size;
  const CallStack* asked_from;
  bool in_reach;
};

class Reach {
 public:
  /// The blocks are in the order of their addresses. `places` has room for as many numbers. `unseen`: memory of the
  /// heap itself, which is no root. Nor is what lies on this thread's stack below the frame `since`.
  Reach(std::span<LiveBlock> blocks, std::span<std::uint32_t> places, std::span<const Region> unseen,
        const void* since) noexcept
      : blocks_(blocks), open_(places), unseen_(unseen), since_(address_of(since)) {}

  /// Marks them. False: the system does not show what memory there is, and nothing is marked.
  bool mark() noexcept;

 private:
  void look_at_mapping(std::size_t first, std::size_t end) noexcept;
  void look_at_copy(std::size_t first, std::size_t end) noexcept;
  void look_at(const std::byte* first, std::size_t size) noexcept;
  void take(std::size_t word) noexcept;
  void follow() noexcept;

  std::span<LiveBlock> blocks_;
  std::span<std::uint32_t> open_;  // in reach, and not looked into yet
  std::size_t opened_ = 0;
  std::span<const Region> unseen_;
  std::size_t since_;
};

}  // namespace bareheap::drop_in
