// SPDX-License-Identifier: MIT
// What a lock asks of the CPU that takes it. Each port has one type that models it; the tests have fakes.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>

namespace bareheap {

/// All functions are static: a lock asks the CPU that runs it.
/// * cpu: the number of this CPU, from 0. It must work from the first instruction of C++ on.
/// * mask_interrupts: no interrupt comes to this CPU until the state that it returns is given to restore_interrupts.
///   Pairs nest. Both are barriers for the compiler (an assembly statement that clobbers memory): no access moves over.
/// * exclusives_work: false until every CPU that runs has its MMU and caches on, where atomic read-modify-write needs
///   them (Arm DDI 0487, "Synchronization and semaphores": exclusives are for shareable Normal memory). While it is
///   false one CPU runs, and locks are plain loads and stores. The port lets it become true while no lock is held.
/// * pause: tells the CPU that it is waiting in a loop.
template <class P>
concept Processor = requires {
  { P::cpu() } noexcept -> std::same_as<std::uint32_t>;
  { P::exclusives_work() } noexcept -> std::same_as<bool>;
  { P::pause() } noexcept -> std::same_as<void>;
  { P::restore_interrupts(P::mask_interrupts()) } noexcept -> std::same_as<void>;
  requires noexcept(P::mask_interrupts()) && std::semiregular<decltype(P::mask_interrupts())>;
};

template <class P, class T>
struct AtomicsOf {
  using Type = std::atomic<T>;
};

template <class P, class T>
  requires requires { typename P::template Atomic<T>; }
struct AtomicsOf<P, T> {
  using Type = typename P::template Atomic<T>;
};

/// The atomics that locks use on this processor: std::atomic, unless it has its own, as one in a test has that tries
/// all orders in which CPUs can come.
template <class P, class T>
using AtomicOf = typename AtomicsOf<P, T>::Type;

}  // namespace bareheap
