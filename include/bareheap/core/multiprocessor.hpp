// SPDX-License-Identifier: MIT
// What a heap with a stock for each CPU asks of the machine. Each port with several CPUs has a type that models it, the
// host has one whose CPUs are threads, and the tests have fakes.
#pragma once

#include "bareheap/core/processor.hpp"

#include <concepts>
#include <cstdint>

namespace bareheap {

/// How a CPU's stock is had when another CPU has no memory left.
enum class Recall : std::uint8_t {
  by_interrupt,  ///< that CPU is interrupted, and hands it over
  directly,      ///< it is taken while that CPU is not in the heap; for threads that cannot be interrupted
};

/// A Processor, of which there are several.
/// * cpus: a constant. cpu() may answer any other number too, where the CPU is not known yet or there are too many:
///   such a one has no stock.
/// * known_cpu, where there is one: as cpu(), but that it may answer a number above all others until cpu() was asked;
///   for those to whom knowing costs something.
/// * place, where there is one, for `directly`: a pointer of the calling thread's own, null at first and when it has
///   lost its number, in which the one heap that uses this type keeps where the thread's stock is.
/// * recall: a constant, which of the ways. `by_interrupt`: masking keeps a thread on its CPU.
/// * call, for `by_interrupt`: interrupts another CPU, whose handler calls serve() of the heap. What was written before
///   is seen there. A CPU that has them masked is interrupted later.
/// * fence_all, for `directly`: all that any thread of the program wrote before this call is seen by the caller after
///   it, and the other way round, as if each had executed a full fence within the call (Linux: membarrier).
/// * is_nested, where there is one, for `directly`: the caller is a signal's handler that has interrupted its own
///   thread between mask_interrupts() and restore_interrupts(); for those where masking does not keep signals away.
/// * forget_others, where there is one, for `directly`: after a fork, in the child: no other thread has a number.
/// * keep_waiting: pauses. `round` counts from 0 how often it was called in one wait for an answer; false: it has been
///   too long. That is for a CPU that neither answers interrupts nor waits in the heap; a second is long enough.
template <class P>
concept Multiprocessor = Processor<P> && P::cpus >= 1 && requires(std::uint32_t number) {
  requires std::same_as<decltype(P::cpus), const std::uint32_t>;
  requires std::same_as<decltype(P::recall), const Recall>;
  { P::keep_waiting(number) } noexcept -> std::same_as<bool>;
  requires(P::recall == Recall::directly || requires { { P::call(number) } noexcept -> std::same_as<void>; });
  requires(P::recall == Recall::by_interrupt || requires { { P::fence_all() } noexcept -> std::same_as<void>; });
};

}  // namespace bareheap
