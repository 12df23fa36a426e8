// SPDX-License-Identifier: MIT
// Stands in for the Pi's own Platform: a mailbox whose firmware answers at once (refused.cpp), and nothing else.
#pragma once

#include "bareheap/core/platform.hpp"
#include "bareheap/core/region.hpp"
#include "ports/raspi3b/machine.hpp"

#include <cstdint>

namespace bareheap::raspi3b {

/// Reads the message that was sent and writes the answer over it.
void answer_of_the_firmware(std::uint32_t sent) noexcept;

struct Platform {
  static void write_register(std::uintptr_t address, std::uint32_t value) noexcept {
    if (address != mailbox::write) return;
    sent = value;
    answer_of_the_firmware(value);
  }

  static std::uint32_t read_register(std::uintptr_t address) noexcept { return address == mailbox::read ? sent : 0; }

  static void clean(Region) noexcept {}
  static void invalidate(Region) noexcept {}
  static void barrier() noexcept {}

 private:
  static constinit inline std::uint32_t sent = 0;
};

static_assert(bareheap::Platform<Platform>);

}  // namespace bareheap::raspi3b
