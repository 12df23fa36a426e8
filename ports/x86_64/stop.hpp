// SPDX-License-Identifier: MIT
#pragma once

namespace bareheap::x86_64 {

/// "x86_64: " and the sentence on the serial line, then exit(1): for a machine that the port cannot work on.
[[noreturn]] void stop(const char* sentence) noexcept;

}  // namespace bareheap::x86_64
