// SPDX-License-Identifier: MIT
#include "bareheap/engines/hole_list.hpp"

namespace bareheap {

template class BasicHoleList<Carving::front>;

}  // namespace bareheap
