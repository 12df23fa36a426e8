// SPDX-License-Identifier: MIT
// A Raspberry Pi that writes down what is done to it, in order, and a GPU that answers as the test tells it to.
#pragma once

#include "bareheap/core/platform.hpp"
#include "bareheap/core/region.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace bareheap::raspi3b {

/// Registers that nothing is said about read 0 or what was last written to them, and their reading is not written down.
struct FakePlatform {
  struct Maintained {
    std::string what;
    Region region;
  };

  static inline std::vector<std::string> log;
  static inline std::vector<Maintained> maintained;
  static inline std::map<std::uintptr_t, std::uint32_t> registers;
  static inline std::map<std::uintptr_t, int> reads;
  static inline int full_for = 0;   ///< reads of mailbox 1's status that find it full
  static inline int empty_for = 0;  ///< reads of mailbox 0's status, before each answer, that find it empty
  static inline std::deque<std::uint32_t> earlier_answers;  ///< wait in mailbox 0 before the one to our message
  static inline std::uint32_t sent = 0;                     ///< what was written to mailbox 1
  static inline std::function<void()> gpu;                  ///< runs when the message has been sent

  static void reset();

  static void write_register(std::uintptr_t address, std::uint32_t value) noexcept;
  static std::uint32_t read_register(std::uintptr_t address) noexcept;
  static void clean(Region region) noexcept;
  static void invalidate(Region region) noexcept;
  static void barrier() noexcept;

 private:
  static inline int empty_left_ = 0;
};

static_assert(Platform<FakePlatform>);

}  // namespace bareheap::raspi3b
