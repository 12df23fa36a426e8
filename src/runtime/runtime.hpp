// SPDX-License-Identifier: MIT
// What the kernel runtime asks of the port or kernel it is linked into. README.md has the whole list.
#pragma once

#include <cstdint>

namespace bareheap::runtime {

/// Says the sentence and stops the machine. Everything that would throw in a hosted program ends here, so it must not
/// allocate, and may be called on any CPU. Every port supplies it; the runtime has no definition.
[[noreturn]] void fatal(const char* sentence) noexcept;

/// A number other than 0 for the thread of control that calls: no two that run at the same time share it. 0 where that
/// cannot be told. It serves for one thing, to notice a static whose initialiser needs the static itself.
///
/// The runtime's own definition gives each CPU its number. That is right as long as no CPU switches between threads; a
/// kernel that does supplies this function itself, with the number of the thread (the linker then leaves ours out).
std::uint32_t thread_of_control() noexcept;

}  // namespace bareheap::runtime
