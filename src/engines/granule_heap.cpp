// SPDX-License-Identifier: MIT
#include "bareheap/engines/granule_heap.hpp"

#include <cstdint>

namespace bareheap {

template class BasicGranuleHeap<std::uint32_t>;
template class BasicGranuleHeap<std::uint16_t>;

}  // namespace bareheap
