// SPDX-License-Identifier: MIT
// The settings of the library that looks for faults, from the environment. Nonsense is not guessed at: the program ends
// with one sentence and status 2.
#pragma once

namespace bareheap::drop_in {

enum class Leaks : unsigned char {
  never,  ///< nothing is said of them
  lost,   ///< those that the program has no pointer to any more
  all,    ///< all that was not freed
};

struct CheckedSettings {
  Leaks leaks = Leaks::lost;
  unsigned leak_status = 0;  ///< exit status of a program that lost blocks; 0: its own
  unsigned frames = 1;       ///< calls that are told of each request
  bool pairs = true;         ///< what new lent must be freed by delete, and so on
  char report[512] = {};     ///< the file to which leaks are added; "": standard error
};

CheckedSettings read_checked_settings(char** environment) noexcept;

}  // namespace bareheap::drop_in
