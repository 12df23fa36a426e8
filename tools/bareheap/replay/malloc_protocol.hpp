// SPDX-License-Identifier: MIT
// What `bareheap replay` and its program bareheap-replay-malloc say to each other. The steps are in a file in memory:
// this header, the steps, and the deallocations of what lives at their end.
#pragma once

#include "counting.hpp"

namespace bareheap::tools::replay {

struct StepsHeader {
  uint64_t steps;
  uint64_t left;
  uint64_t slots;
  uint64_t steps_to_peak;  ///< of live bytes
};

/// Where the program finds the file; requests come over its standard input, answers go over its standard output.
inline constexpr int steps_descriptor = 3;

enum class Order : uint32_t {
  run,         ///< the loop
  count,       ///< the loop, each call counted by itself
  fill_pages,  ///< the loop, and a byte in each page of a block is written: for the memory that is resident
};

struct Request {
  Order order;
  uint32_t unused;
  uint64_t deadline;  ///< of Clock
};

/// All figures in bytes.
struct Answer {
  Pass pass;
  CallCosts costs;
  uint64_t resident_before;   ///< anonymous pages: those of files are the library's code, and no block is in them
  uint64_t resident_at_peak;  ///< the same at the peak of live bytes
  char provider[512];      ///< the file whose malloc this is; empty in a program without shared libraries
};

}  // namespace bareheap::tools::replay
