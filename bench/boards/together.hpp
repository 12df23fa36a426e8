// SPDX-License-Identifier: MIT
// Several CPUs on one heap: how many operations they do together in a thousand instructions of all of them.
#pragma once

#include "bareheap/core/region.hpp"

#include <cstdint>
#include <span>

namespace bareheap::bench {

inline constexpr std::uint32_t most_together = 4;

/// One, two and four CPUs on each heap in `region`, with a line on each; the further CPUs start on `stacks`. Null, or a
/// sentence where one does not come.
const char* run_together(Region region, std::span<const Region, most_together - 1> stacks) noexcept;

}  // namespace bareheap::bench
