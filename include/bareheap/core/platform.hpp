// SPDX-License-Identifier: MIT
// What the library and the ports' shared code ask of a machine. Each port has one type that models it; the tests have a
// fake that records the order of the calls.
#pragma once

#include "bareheap/core/region.hpp"

#include <concepts>
#include <cstdint>

namespace bareheap {

/// Memory that a device reads and writes beside the processor needs these five, in the right order:
/// * write_register / read_register: one access of 32 bits to a device register at a physical address.
/// * clean: every cache line of the region is written back, so that the device reads what the program wrote.
/// * invalidate: every cache line of the region is dropped, so that the program reads what the device wrote. A region
///   that shares a line with something else would lose the other's data: it must start and end on a line.
/// * barrier: every access before it is complete before any access after it starts.
template <class P>
concept Platform = requires(std::uintptr_t address, std::uint32_t value, Region region) {
  { P::write_register(address, value) } noexcept -> std::same_as<void>;
  { P::read_register(address) } noexcept -> std::same_as<std::uint32_t>;
  { P::clean(region) } noexcept -> std::same_as<void>;
  { P::invalidate(region) } noexcept -> std::same_as<void>;
  { P::barrier() } noexcept -> std::same_as<void>;
};

}  // namespace bareheap
