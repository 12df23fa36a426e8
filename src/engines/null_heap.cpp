// SPDX-License-Identifier: MIT
// Compiled to hold the header to its promises: complete by itself, and no need from outside but panic().
#include "bareheap/engines/null_heap.hpp"
