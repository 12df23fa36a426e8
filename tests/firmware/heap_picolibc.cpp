// SPDX-License-Identifier: MIT
// A firmware's heap over picolibc.
#include "firmware/heap.hpp"

#include "bareheap/bindings/malloc.hpp"
