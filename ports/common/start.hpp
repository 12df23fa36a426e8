// SPDX-License-Identifier: MIT
#pragma once

namespace bareheap::port {

/// Runs the static constructors, then kernel_main(), then exit(0). The port's own start code ends here, with everything
/// in place that port.hpp promises to a kernel.
[[noreturn]] void start_program() noexcept;

}  // namespace bareheap::port
