// SPDX-License-Identifier: MIT
// The loads: recorded programs, and what is made up to be hard for one engine or another.
#pragma once

#include "script.hpp"

#include <cstddef>
#include <span>

namespace bareheap::bench {

struct SyntheticLoad {
  const char* name;
  /// `blocks`: how many live at most, which the number of calls follows.
  void (*write)(Script& script, std::size_t blocks) noexcept;
};

/// A trace whose blocks are named by slots, not compressed; read where it lies.
struct RecordedLoad {
  const char* name;
  const std::byte* start;
  const std::byte* end;
};

std::span<const SyntheticLoad> synthetic_loads() noexcept;

/// Those that the build was given (BAREHEAP_BENCH_TRACES).
std::span<const RecordedLoad> recorded_loads() noexcept;

/// Null, or a sentence that says why the trace cannot be run.
const char* write(const RecordedLoad& load, Script& script) noexcept;

}  // namespace bareheap::bench
