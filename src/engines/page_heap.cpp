// SPDX-License-Identifier: MIT
#include "bareheap/engines/page_heap.hpp"

namespace bareheap {

template class BasicPageHeap<16, 256, 4096>;

}  // namespace bareheap
