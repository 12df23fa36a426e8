// SPDX-License-Identifier: MIT
#include "bareheap/engines/story_pages.hpp"

namespace bareheap {

template class BasicStoryPages<16, 256, 4096>;

}  // namespace bareheap
