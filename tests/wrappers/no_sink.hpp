// SPDX-License-Identifier: MIT
// Where traces go that nobody reads.
#pragma once

#include <cstddef>

namespace bareheap::laws {

struct NoSink {
  void write(const std::byte*, std::size_t) noexcept {}
};

}  // namespace bareheap::laws
