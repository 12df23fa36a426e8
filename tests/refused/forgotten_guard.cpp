// SPDX-License-Identifier: MIT
// expects: ignoring return value
#include "bareheap/engines/bump.hpp"
#include "bareheap/wrappers/locked.hpp"

void forget(bareheap::Locked<bareheap::Bump, bareheap::NoLock>& heap) { heap.lock(); }
