// SPDX-License-Identifier: MIT
// expects: cannot bind to a value of unrelated type
#include "bareheap/engines/bump.hpp"
#include "bareheap/wrappers/locked.hpp"

bareheap::Bump& go_around(bareheap::Locked<bareheap::Bump, bareheap::NoLock>& heap) { return heap; }
