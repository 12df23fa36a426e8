// SPDX-License-Identifier: MIT
// expects: 'heap_' is a private member
#include "bareheap/engines/bump.hpp"
#include "bareheap/wrappers/locked.hpp"

unsigned long go_around(bareheap::Locked<bareheap::Bump, bareheap::NoLock>& heap) { return heap.heap_.live_blocks(); }
