// SPDX-License-Identifier: MIT
// Runs a trial in a process of its own and tells how it ended.
#pragma once

#include "faults/outcome.hpp"

#include <functional>

namespace bareheap::faults {

/// `perform` runs in a child: what it does is lost but for its outcome. A stop, a crash and a hang are outcomes too.
Outcome outcome_of(const std::function<Outcome()>& perform);

}  // namespace bareheap::faults
