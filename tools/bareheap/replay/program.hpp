// SPDX-License-Identifier: MIT
// A trace made ready for the loop.
#pragma once

#include "loop.hpp"
#include "trace.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bareheap::tools::replay {

struct Program {
  std::string trace;  ///< the file's name, without folder and ".trace" where that is enough
  std::string name;   ///< of the program that was recorded
  std::vector<Step> steps;
  std::vector<Step> left;            ///< deallocations of the blocks that live at the end
  std::vector<std::uint64_t> curve;  ///< bytes that live after each step, as asked for
  std::uint32_t slots = 0;
  std::uint64_t peak_bytes = 0;  ///< the most bytes that lived at once, as asked for
  std::uint64_t peak_blocks = 0;
  std::uint8_t natural_alignment_log2 = 4;  ///< 3 or 4

  std::size_t natural_alignment() const { return std::size_t{1} << natural_alignment_log2; }

  /// Bytes that live after the first `count` steps.
  std::uint64_t live_bytes(std::uint64_t count) const { return count == 0 ? 0 : curve[count - 1]; }

  /// How many steps it is to the first moment when most bytes live.
  std::uint64_t steps_to_peak() const;
};

/// Why a trace cannot be replayed; the sentence does not name the file.
struct ProgramError : UserError {
  using UserError::UserError;
};

/// The steps of a trace. Where `alignment` is given, 8 or 16, calls that asked for no alignment ask for that one.
/// Throws ProgramError where a block is 4 GiB or larger, or nothing is in the trace.
Program make_program(const Trace& trace, std::string name, std::optional<std::size_t> alignment = {});

/// Whether a step is a deallocation.
bool frees(const Step& step);

/// The name of a kind of call, as it stands in results.
const char* name_of(Call call);

}  // namespace bareheap::tools::replay
