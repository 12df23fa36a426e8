// SPDX-License-Identifier: MIT
// How the bench's commands end.
#pragma once

#include <exception>
#include <iostream>

namespace bareheap::bench {

/// What `run` answers; where it throws, says why in one line and answers `failed`.
template <class Run>
int answer_of(const char* command, int failed, Run run) {
  try {
    return run();
  } catch (const std::exception& error) {
    std::cerr << command << ": " << error.what() << ".\n";
    return failed;
  }
}

}  // namespace bareheap::bench
