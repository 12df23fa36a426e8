// SPDX-License-Identifier: MIT
// S2-09, S2-10: counted pointers and every collection in a kernel, a line each.
#pragma once

namespace bareheap::lab {

/// False where one of them showed something wrong, or did not give back all that it took.
bool show_collections();

}  // namespace bareheap::lab
