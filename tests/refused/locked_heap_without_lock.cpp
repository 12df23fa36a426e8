// SPDX-License-Identifier: MIT
// expects: no member named 'live_blocks'
#include "bareheap/engines/bump.hpp"
#include "bareheap/wrappers/locked.hpp"

unsigned long go_around(bareheap::Locked<bareheap::Bump, bareheap::NoLock>& heap) { return heap.live_blocks(); }
