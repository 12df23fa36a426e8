// SPDX-License-Identifier: MIT
#include "bareheap/engines/real_time_heap.hpp"
#include "mutation/subject_of.hpp"

namespace bareheap {

template class BasicRealTimeHeap<std::uint32_t>;
template class BasicRealTimeHeap<std::uint16_t>;

namespace mutation {

Subject& real_time_heap() {
  static SubjectOf<RealTimeHeap, std::uint32_t, std::uint32_t> subject("RealTimeHeap");
  return subject;
}

Subject& small_real_time_heap() {
  static SubjectOf<SmallRealTimeHeap, std::uint16_t, std::uint32_t> subject("SmallRealTimeHeap");
  return subject;
}

}  // namespace mutation
}  // namespace bareheap
