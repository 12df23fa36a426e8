// SPDX-License-Identifier: MIT
#include "summary.hpp"

#include <algorithm>
#include <bit>

namespace bareheap::tools {
namespace {

// Sizes from 2^63 on are counted there.
std::uint64_t power_from(std::uint64_t size) {
  constexpr std::uint64_t greatest = std::uint64_t{1} << 63;
  return size == 0 ? 0 : size > greatest ? greatest : std::bit_ceil(size);
}

}  // namespace

Summary summarise(const Trace& trace) {
  Summary summary;
  for (const Operation& operation : trace.operations) {
    ++summary.calls[static_cast<std::size_t>(operation.call)];
    if (operation.call != TraceCall::allocate) continue;
    if (operation.zeroed) ++summary.zeroed;
    ++summary.sizes[power_from(operation.size)];
    ++summary.alignments[std::uint64_t{1} << operation.alignment_log2];
  }
  summary.blocks_at_end = summary.calls[0] - summary.calls[1];
  const std::vector<std::uint64_t> curve = live_curve(trace);
  if (!curve.empty()) summary.bytes_at_end = curve.back();
  return summary;
}

std::vector<CurvePoint> thinned_curve(const Trace& trace, std::size_t points) {
  const std::vector<std::uint64_t> curve = live_curve(trace);
  const std::size_t stretches = std::min(points, curve.size());
  std::vector<CurvePoint> thinned;
  for (std::size_t index = 0; index < stretches; ++index) {
    const auto begin = curve.begin() + static_cast<std::ptrdiff_t>(index * curve.size() / stretches);
    const auto end = curve.begin() + static_cast<std::ptrdiff_t>((index + 1) * curve.size() / stretches);
    const auto most = std::max_element(begin, end);
    thinned.push_back({static_cast<std::uint64_t>(most - curve.begin()), *most});
  }
  return thinned;
}

}  // namespace bareheap::tools
