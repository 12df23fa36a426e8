// SPDX-License-Identifier: MIT
// The last words of a kernel: one line, whatever else goes wrong while it is said.
#pragma once

#include "ports/common/port.hpp"

namespace bareheap::port {

/// To be called before anything is said about a fault. The first call returns, with interrupts masked. Every later one
/// on that CPU is a fault inside the report of a fault and ends the machine without another word; so does a fault in
/// exit() itself. Every other CPU halts in it: of those that fault at the same moment one is heard. What the others
/// write at the time as part of their work is not kept out of the line. It works before the memory map is on.
void begin_report() noexcept;

/// To be called by exit() before it tries anything that can fail. True for the first call only: a second one means that
/// the trying failed, and all that is left is halt(). A CPU that calls it while another has its last words halts in it.
[[nodiscard]] bool begin_exit() noexcept;

}  // namespace bareheap::port
