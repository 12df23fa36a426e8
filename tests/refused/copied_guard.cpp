// SPDX-License-Identifier: MIT
// expects: call to deleted constructor
#include "bareheap/engines/bump.hpp"
#include "bareheap/wrappers/locked.hpp"

void copy(bareheap::Locked<bareheap::Bump, bareheap::NoLock>& heap) {
  auto guard = heap.lock();
  auto second = guard;
}
