// SPDX-License-Identifier: MIT
// Compiled where long double is binary128 (CMakeLists.txt): std::format asks whether one is a NaN, and std::to_chars
// makes a double of it. Computing with long double fails to link with the name of the operation.
#include "runtime/quad_precision.hpp"

namespace {

using bareheap::runtime::quad_is_nan;
using bareheap::runtime::Unsigned128;

}  // namespace

extern "C" {

int __unordtf2(long double left, long double right) {
  return quad_is_nan(std::bit_cast<Unsigned128>(left)) || quad_is_nan(std::bit_cast<Unsigned128>(right)) ? 1 : 0;
}

double __trunctfdf2(long double value) { return bareheap::runtime::quad_to_double(std::bit_cast<Unsigned128>(value)); }

}  // extern "C"
