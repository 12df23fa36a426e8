// SPDX-License-Identifier: MIT
#pragma once

#include "bareheap/core/region.hpp"

#include <cstddef>
#include <cstdint>

namespace bareheap::raspi3b_test {

inline constexpr std::size_t stack_size = 16384;
alignas(16) inline constinit std::byte stacks[4][stack_size] = {};

inline Region stack_of(std::uint32_t cpu) noexcept { return {stacks[cpu], stack_size}; }

}  // namespace bareheap::raspi3b_test
