// SPDX-License-Identifier: MIT
// Runs a wrong program in a process of its own and tells how it ended.
#pragma once

#include "bareheap/core/fault.hpp"

#include <functional>
#include <string>

namespace bareheap::faults {

enum class Ending : unsigned char {
  stopped_at_once,  ///< panic() in the wrong call itself
  stopped_later,    ///< panic() in a right call that followed
  found_by_check,   ///< no stop, but check() finds an invariant that does not hold
  harmless,         ///< unnoticed, and nothing that was lent was changed or lent twice
  harm,             ///< unnoticed, and memory of the program was changed or lent twice, or the process crashed
};

struct Outcome {
  Ending ending = Ending::harm;
  Fault fault = Fault::none;  ///< the sentence of the stop, or what check() found

  std::string text() const;
};

/// What the wrong program does, in two steps: the wrong call, and the right ones that follow. `aftermath` tells whether
/// the program's memory is what it should be, and what check() says.
struct Aftermath {
  Fault check = Fault::none;
  bool intact = true;
};

Outcome outcome_of(const std::function<void()>& wrong, const std::function<Aftermath()>& aftermath);

}  // namespace bareheap::faults
