// SPDX-License-Identifier: MIT
// The settings of a program's heap, from the environment. They are read before the first block is lent, when getenv()
// may not work yet. Nonsense is not guessed at: the program ends with one sentence and status 2.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bareheap::drop_in {

struct Settings {
  std::size_t region = 0;                       ///< bytes of a heap that never grows; 0: it grows
  std::size_t own_from = std::size_t{4} << 20;  ///< blocks of so many bytes are mappings of their own
  std::uint64_t give_back = 1000;               ///< milliseconds until free pages are given back
  char report[512] = {};                        ///< where the counters go at the end: "stderr", or a file; "": nowhere
};

/// What the environment says; where it is null, this process's as the kernel has it. Ends the program where it is
/// wrong.
void read_settings(Settings& settings, char** environment) noexcept;

}  // namespace bareheap::drop_in
