// SPDX-License-Identifier: MIT
// A heap that traces can be replayed on, as a name and functions: each is compiled for its heap, so that within it no
// call is indirect. Each makes a fresh heap on the region it is given.
#pragma once

#include "counting.hpp"
#include "program.hpp"

#include "bareheap/core/layout.hpp"
#include "bareheap/core/region.hpp"
#include "bareheap/core/statistics.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bareheap::tools::replay {

/// A replay that is to be done.
struct Job {
  const Program& program;
  Region region;
  std::vector<void*>& blocks;  ///< as many as the program has slots
  std::uint64_t deadline;      ///< of Clock
};

/// The heap's picture at one moment of a replay.
struct Sample {
  std::uint64_t steps = 0;       ///< made before it
  std::uint64_t live_bytes = 0;  ///< as asked for
  Statistics figures;
};

/// What the laws found: nothing, or one sentence about a step.
struct Verdict {
  Pass pass;
  std::string broken;
};

struct HeapKind {
  std::string name;
  bool reference = false;        ///< no heap: it shows what the loop itself costs
  std::size_t object_bytes = 0;  ///< of the heap's object, which lies outside of its region

  /// Runs the loop.
  Pass (*run)(const Job&) = nullptr;
  /// The same, each call counted by itself.
  Pass (*count)(const Job&, CallCosts&) = nullptr;

  // What follows is not there for a reference.

  /// Shows the heap at `samples` moments, evenly over the calls, and at the end.
  Pass (*curve)(const Job&, std::size_t samples, std::vector<Sample>&) = nullptr;
  /// Replays with the laws on; `check_every` so many steps the heap's invariants are tested.
  Verdict (*laws)(const Job&, std::size_t check_every) = nullptr;
  /// Bytes that one block takes from a fresh heap: rounded, with headers if it has any. 0 where there is no room.
  std::size_t (*taken)(Region, Layout) = nullptr;
  /// Bytes that a fresh heap on the region has to lend.
  std::size_t (*lendable)(Region) = nullptr;
};

}  // namespace bareheap::tools::replay
