// SPDX-License-Identifier: MIT
// All CPUs of the board, and work for them.
#pragma once

#include <cstdint>

namespace bareheap::kernel_test {

/// Of the boards' CPUs so many are used; all three have them.
inline constexpr std::uint32_t crew_size = 4;

/// Nobody waits longer for the others.
inline constexpr std::uint32_t crew_seconds = 60;

/// What every CPU does; no expectations in it, as those are for CPU 0.
using Job = void (*)(std::uint32_t cpu) noexcept;

/// Starts CPUs 1 to 3, which wait for work from then on. Ends the kernel where one of them does not come.
void start_crew() noexcept;

/// All CPUs do the job, CPU 0 included; returns when all have done it. Ends the kernel with a sentence where that takes
/// more than a minute.
void run_on_all(Job job) noexcept;

/// Within a job: waits until all CPUs have come here, for a minute at most, as above.
void meet() noexcept;

}  // namespace bareheap::kernel_test
