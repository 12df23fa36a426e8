// SPDX-License-Identifier: MIT
// The last words of a kernel: one line, whatever else goes wrong while it is said.
#pragma once

#include "ports/common/port.hpp"

namespace bareheap::port {

/// To be called before anything is said about a fault. The first call returns. Every later one is a fault inside the
/// report of a fault and ends the machine without another word; so does a fault in exit() itself.
void begin_report() noexcept;

/// To be called by exit() before it tries anything that can fail. True for the first call only: a second one means that
/// the trying failed, and all that is left is halt().
[[nodiscard]] bool begin_exit() noexcept;

}  // namespace bareheap::port
