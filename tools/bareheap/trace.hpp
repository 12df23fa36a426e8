// SPDX-License-Identifier: MIT
// A recorded program as the tools use it: its calls in order, and the blocks numbered by slots.
#pragma once

#include "bareheap/core/trace_format.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace bareheap::tools {

/// What is wrong with a file or with what was asked for, in one sentence for the user.
struct UserError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One call that had an effect. A block has the same slot from its allocation to its deallocation; then a later block
/// may have it. Slots are given lowest first.
struct Operation {
  std::uint64_t size = 0;  ///< bytes asked for; of a deallocation those that the block had
  std::uint32_t slot = 0;
  TraceCall call = TraceCall::allocate;
  std::uint8_t alignment_log2 = 0;  ///< that of the block, in every call
  bool zeroed = false;

  std::size_t alignment() const { return std::size_t{1} << alignment_log2; }

  friend bool operator==(const Operation&, const Operation&) = default;
};

struct Trace {
  std::string program;
  std::vector<Operation> operations;
  std::uint32_t slots = 0;                ///< places that a table of the live blocks needs
  std::uint8_t natural_alignment_log2 = 4;
  std::uint32_t cpus = 1;                 ///< CPUs or threads that called
  std::uint64_t peak_bytes = 0;           ///< the most bytes that lived at once, as they were asked for
  std::uint64_t peak_blocks = 0;
  std::uint64_t unknown_blocks = 0;       ///< calls left out: their block was allocated before the recording began
  std::uint64_t refused = 0;              ///< calls left out: there was no room for them
};

/// Reads a trace of either way of naming, plain or compressed with zstd. Throws UserError with a sentence that begins
/// with the file's name, where it is no trace, cut off, damaged, or contradicts itself (a block that lies where another
/// lives; slots that are not there).
Trace load_trace(const std::filesystem::path& file);

/// The same from memory; sentences do not name a file.
Trace parse_trace(const std::vector<std::byte>& bytes);

/// Writes it with slots for names, compressed with zstd. Times, callers, and who called are not kept. Answers the
/// file's size in bytes.
std::uint64_t save_trace(const Trace& trace, const std::filesystem::path& file);

/// Bytes that live after each operation: the curve of the recorded program.
std::vector<std::uint64_t> live_curve(const Trace& trace);

}  // namespace bareheap::tools
