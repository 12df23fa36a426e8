// SPDX-License-Identifier: MIT
// A firmware's heap over newlib.
#include "firmware/heap.hpp"

#include "bareheap/bindings/malloc_newlib.hpp"
