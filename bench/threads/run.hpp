// SPDX-License-Identifier: MIT
// What the command runs, apart from the words that it is told with: those need no optimisation, this does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bareheap::bench {

inline constexpr std::uint32_t most_threads = 16;

struct Wanted {
  std::string load;
  std::string heap = "malloc";
  std::uint32_t threads = 1;
  std::size_t steps = 1'000'000;
};

std::vector<std::string> names_of_heaps();
std::vector<std::string> names_of_loads();

/// Runs the load and prints what it took, as JSON. False: there is no such load or no such heap.
bool run_load(const Wanted& wanted);

}  // namespace bareheap::bench
