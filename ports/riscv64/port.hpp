// SPDX-License-Identifier: MIT
// What the parts of this port share.
#pragma once

#include "ports/riscv64/board.hpp"

namespace bareheap::riscv64 {

/// What the device tree said.
const Board& board() noexcept;

/// Says "riscv64: " and the sentence, and ends with status 1.
[[noreturn]] void stop(const char* sentence) noexcept;

}  // namespace bareheap::riscv64
