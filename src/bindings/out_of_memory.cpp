// SPDX-License-Identifier: MIT
// The handler of a program that defines none. It lies in an archive, so a program's own takes its place.
#include "bareheap/core/out_of_memory.hpp"

namespace bareheap {

OutOfMemory program_out_of_memory(Layout) noexcept { return OutOfMemory::give_up; }

}  // namespace bareheap
