// SPDX-License-Identifier: MIT
// The synthetic loads by name.
#pragma once

#include "chance.hpp"
#include "trace.hpp"
#include "writer.hpp"

#include <cstdint>
#include <span>

namespace bareheap::bench {

struct Load {
  const char* name;
  const char* does;  ///< one line for the help
  void (*write)(Writer& writer, Chance& chance);
};

std::span<const Load> loads();

/// The same trace for the same seed.
inline tools::Trace make_trace(const Load& load, std::uint64_t seed) {
  Writer writer;
  Chance chance(seed);
  load.write(writer, chance);
  return writer.finish(load.name);
}

}  // namespace bareheap::bench
