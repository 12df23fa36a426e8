// SPDX-License-Identifier: MIT
#include "bareheap/engines/real_time_heap.hpp"

#include <cstdint>

namespace bareheap {

template class BasicRealTimeHeap<std::uint32_t>;
template class BasicRealTimeHeap<std::uint16_t>;

}  // namespace bareheap
