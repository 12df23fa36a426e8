// SPDX-License-Identifier: MIT
// The numbers by which interrupts come.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bareheap::x86_64 {

inline constexpr std::size_t exception_vectors = 32;

/// The old interrupt controllers are masked, but each may still say its last number without anybody having asked (8259A
/// data sheet, "default IR7"); so they are moved away from the exceptions, to 0x20 and 0x28.
inline constexpr std::size_t old_vectors = 0x20;
inline constexpr std::size_t old_spurious_vector_1 = old_vectors + 7;
inline constexpr std::size_t old_spurious_vector_2 = old_vectors + 15;

inline constexpr std::size_t call_vector = 0x30;
inline constexpr std::size_t yield_vector = 0x31;  ///< interrupts.cpp has it in an instruction too

/// Of the local APIC; on old processors its lower four bits are ones (Intel SDM volume 3, section 10.9).
inline constexpr std::size_t spurious_vector = 0x3f;

/// Of a higher priority, the upper four bits of a vector, than all that other CPUs send, so that it can be let in alone
/// (Intel SDM volume 3, section 10.8.3.1).
inline constexpr std::size_t timer_vector = 0x40;
inline constexpr std::uint64_t priority_below_timer = 3;

/// From here on there is no entry: such an interrupt is a general protection fault whose error code names it.
inline constexpr std::size_t vectors_end = 0x41;

}  // namespace bareheap::x86_64
