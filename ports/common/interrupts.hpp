// SPDX-License-Identifier: MIT
// The timer of each CPU, and threads that it can preempt: what a port supplies beyond port.hpp to a kernel that wants
// interrupts.
//
//     Frame* tick(Frame* interrupted) noexcept { … return interrupted; }     or the frame of another thread
//
//     start_timer(1000, tick);
//     allow_interrupts();
//
// An interrupt saves everything on the stack of whom it interrupts; where that lies is the frame's address. The handler
// answers with the frame that goes on, so a scheduler is a handler that keeps frames.
#pragma once

#include "bareheap/core/region.hpp"

#include <cstddef>
#include <cstdint>

namespace bareheap::port {

/// All registers of the interrupted code, floating-point and vector registers included, on its own stack. What it looks
/// like is the port's matter.
struct Frame;

/// Runs on the CPU that the timer interrupted and on the interrupted stack, with interrupts masked until the frame that
/// it returns goes on: `interrupted`, one that an earlier call was given, or one of new_frame().
using TimerHandler = Frame* (*)(Frame* interrupted) noexcept;

/// Calls `handler` this often a second on this CPU, from now on, whenever interrupts are not masked. Ticks that come
/// while they are masked are one tick. Stops where `hertz` is 0 or more than a tenth of timer_frequency().
void start_timer(std::uint32_t hertz, TimerHandler handler) noexcept;

/// Calls `handler` once, at the earliest when timer_now() has grown by `ticks`. Ends what start_timer() began.
void start_timer_once(std::uint64_t ticks, TimerHandler handler) noexcept;

/// No interrupt of this CPU's timer comes any more, not even one that was due.
void stop_timer() noexcept;

/// Of this CPU's clock: ticks since some moment before the boot.
std::uint64_t timer_now() noexcept;

/// Ticks of timer_now() a second.
std::uint64_t timer_frequency() noexcept;

/// Lets interrupts come to this CPU. At the start of kernel_main() and of every CPU they are masked;
/// BoardProcessor::mask_interrupts() masks them again.
void allow_interrupts() noexcept;

/// Waits until an interrupt comes or may have come; cheaper than a loop. Interrupts have to be allowed. One that was
/// handled just before ends no wait.
void wait_for_interrupt() noexcept;

/// Calls the handler given to start_timer() last on this CPU as the timer would: the caller gives up the CPU.
/// Interrupts may be masked or not, and are the same when the caller goes on. Stops where there was no such handler.
void yield() noexcept;

/// The address of the instruction at which the frame goes on.
std::uintptr_t interrupted_at(const Frame* frame) noexcept;

/// Bytes of a Frame: what each interrupt takes of the stack that it finds, beside what the handler uses.
std::size_t frame_size() noexcept;

/// A frame at the upper end of `stack` that calls entry(argument) with interrupts allowed when it goes on. Returning
/// from `entry` is halt(). The stack has to hold a frame and what `entry` uses; null where not even the frame fits.
[[nodiscard]] Frame* new_frame(Region stack, void (*entry)(void* argument) noexcept, void* argument) noexcept;

}  // namespace bareheap::port
