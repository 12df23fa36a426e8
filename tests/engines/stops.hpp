// SPDX-License-Identifier: MIT
// What a call says that must stop: a panic() from which there is a way back. For programs that link stops.cpp.
#pragma once

#include "bareheap/core/fault.hpp"
#include "bareheap/core/function_ref.hpp"

#include <ostream>

namespace bareheap {

/// How GoogleTest shows it.
inline void PrintTo(Fault fault, std::ostream* out) { *out << sentence(fault); }

}  // namespace bareheap

namespace bareheap::test {

/// The report of a call that stops; Fault::none where it returns. What is on the stack of the call is left as it is.
FaultReport stop_of(FunctionRef<void()> call);

}  // namespace bareheap::test
