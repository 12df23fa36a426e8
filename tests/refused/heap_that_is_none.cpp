// SPDX-License-Identifier: MIT
// expects: program_heap must be an Allocator
#include "bareheap/core/allocator.hpp"

int program_heap;
#include "bareheap/bindings/operator_new.hpp"
