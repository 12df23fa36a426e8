// SPDX-License-Identifier: MIT
// Between call_cpu(), which all ports share, and the port's own interrupt.
#pragma once

#include <cstdint>

namespace bareheap::port {

/// The port supplies it. Interrupts `cpu`, after the stores before it have become visible there. False where there is
/// no such CPU or where it does not run.
[[nodiscard]] bool send_call(std::uint32_t cpu) noexcept;

/// For the port's interrupt, when it has taken note of the call, so that one from now on interrupts again: runs the
/// program's handler.
void answer_call() noexcept;

}  // namespace bareheap::port
