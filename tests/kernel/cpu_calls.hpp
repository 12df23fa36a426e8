// SPDX-License-Identifier: MIT
// What ports/common/cpu_calls.hpp promises, for a kernel whose crew has started.
#pragma once

namespace bareheap::kernel_test {

/// Each CPU calls each, itself too, while all have a timer; the newest call is always seen.
void expect_no_call_is_lost();

/// What is called while its interrupts are masked answers when they are allowed, and not before.
void expect_masked_cpus_answer_late();

/// CPUs in wait_for_interrupt() answer, and the handler calls the next one.
void expect_waiting_cpus_answer();

/// A call and a tick that are due at once are both had; a stopped timer stays so, and stopping it lets no call in.
void expect_calls_leave_the_timer_right();

}  // namespace bareheap::kernel_test
