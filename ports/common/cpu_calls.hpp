// SPDX-License-Identifier: MIT
// One CPU interrupts another: what a port supplies beyond cpus.hpp to a kernel whose CPUs want something of each other
// at once.
//
//     void look() noexcept { … }        reads what the callers have written down, in atomics
//
//     on_call(look);
//     request.store(…); call_cpu(2);    look() on CPU 2 sees the request
#pragma once

#include <cstdint>

namespace bareheap::port {

/// Runs on the CPU that is called and on the interrupted stack, which also holds a frame (interrupts.hpp) meanwhile.
/// Interrupts are masked until it returns; the interrupted code goes on after it. It may use the timer and call_cpu(),
/// but not yield().
using CallHandler = void (*)() noexcept;

/// The handler for calls to any CPU, one for the program; null is none. It may be set at any time and on any CPU, and
/// calls that are under way may still find the one before. Nothing else is to be done to be called: from its start on
/// each CPU answers whenever its interrupts are allowed, in wait_for_interrupt() too.
void on_call(CallHandler handler) noexcept;

/// Interrupts CPU `cpu`, which may be the caller: the handler begins there after the call and soon, at the latest when
/// interrupts are allowed there. Several calls may be one, but none is lost: what the caller wrote to memory before,
/// by any store, is seen by the handler that answers. Waits for nobody; a CPU in halt() never answers. May be called
/// with interrupts masked and by handlers. Stops where there is no handler, and where that CPU does not run.
void call_cpu(std::uint32_t cpu) noexcept;

}  // namespace bareheap::port
