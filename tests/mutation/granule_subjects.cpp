// SPDX-License-Identifier: MIT
#include "bareheap/engines/granule_heap.hpp"
#include "mutation/subject_of.hpp"

namespace bareheap {

template class BasicGranuleHeap<std::uint32_t>;
// SmallGranuleHeap stocks less of the memory, by the same rules.
using Small = BasicGranuleHeap<std::uint16_t, 256>;
template class BasicGranuleHeap<std::uint16_t, 256>;

namespace mutation {

Subject& granule_heap() {
  static SubjectOf<GranuleHeap, std::uint32_t, std::size_t> subject("GranuleHeap");
  return subject;
}

Subject& small_granule_heap() {
  static SubjectOf<Small, std::uint16_t, std::size_t> subject("SmallGranuleHeap");
  return subject;
}

}  // namespace mutation
}  // namespace bareheap
