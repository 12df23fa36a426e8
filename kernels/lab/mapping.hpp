// SPDX-License-Identifier: MIT
// S2-01, S2-02, S2-05 to S2-07, S2-20: from no heap to one in pages that were not there.
#pragma once

namespace bareheap::lab {

/// The program's heap without memory, and the lab's first heap, which refuses everything.
bool show_no_heap();

/// Frames that give out, then the real ones: from here on the program has its heap. Ends the kernel where it gets none.
bool show_mapping();

/// A heap apart that maps pages when they are asked for, and gives them back.
bool show_growing();

}  // namespace bareheap::lab
