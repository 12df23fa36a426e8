// SPDX-License-Identifier: MIT
// expects: ignoring return value
#include "bareheap/engines/bump.hpp"

void forget(bareheap::Bump& heap) { heap.allocate(bareheap::Layout(8, 8)); }
