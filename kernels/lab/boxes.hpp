// SPDX-License-Identifier: MIT
// S2-08, S2-09: the first objects on the heap.
#pragma once

namespace bareheap::lab {

bool show_boxes();

}  // namespace bareheap::lab
