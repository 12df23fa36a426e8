// SPDX-License-Identifier: MIT
// expects: ignoring return value
#include "bareheap/engines/bump.hpp"

void forget(const bareheap::Bump& heap) { heap.check(); }
