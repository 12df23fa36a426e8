// SPDX-License-Identifier: MIT
// expects: must be initialized by a constant expression
#include "bareheap/core/layout.hpp"

constexpr bareheap::Layout odd(8, 24);
