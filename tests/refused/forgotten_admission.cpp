// SPDX-License-Identifier: MIT
// expects: ignoring return value
#include "bareheap/engines/bump.hpp"

void forget(bareheap::Bump& heap, bareheap::Region region) { heap.init(region); }
