// SPDX-License-Identifier: MIT
// What is worth telling of a trace.
#pragma once

#include "trace.hpp"

#include <array>
#include <map>

namespace bareheap::tools {

inline constexpr std::array<const char*, 4> call_names{"allocate", "deallocate", "resize", "reallocate"};

struct Summary {
  std::array<std::uint64_t, 4> calls{};  ///< by TraceCall
  std::uint64_t zeroed = 0;
  std::uint64_t bytes_at_end = 0;
  std::uint64_t blocks_at_end = 0;
  std::map<std::uint64_t, std::uint64_t> sizes;       ///< allocated blocks by the power of two that they reach at most
  std::map<std::uint64_t, std::uint64_t> alignments;  ///< allocated blocks by the alignment asked for
};

Summary summarise(const Trace& trace);

struct CurvePoint {
  std::uint64_t operation = 0;
  std::uint64_t bytes = 0;
};

/// The live bytes after at most `points` operations: of each of as many equal stretches the one with the most.
std::vector<CurvePoint> thinned_curve(const Trace& trace, std::size_t points);

}  // namespace bareheap::tools
