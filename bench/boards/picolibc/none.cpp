// SPDX-License-Identifier: MIT
// For boards whose processor Debian has no picolibc for.
#include "engines.hpp"

namespace bareheap::bench {

std::span<const Engine> foreign_engines() noexcept { return {}; }

}  // namespace bareheap::bench
