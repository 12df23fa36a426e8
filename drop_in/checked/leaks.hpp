// SPDX-License-Identifier: MIT
// What a program has not freed when it ends, by the places that asked for it, most bytes first.
#pragma once

#include "drop_in/checked/settings.hpp"

namespace bareheap::drop_in {

/// One line for each of the 20 worst places, and one for all together, where there is something that the settings want
/// to hear of. True: blocks were lost.
bool report_leaks(const CheckedSettings& settings) noexcept;

}  // namespace bareheap::drop_in
