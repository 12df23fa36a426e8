// SPDX-License-Identifier: MIT
// Everything at once, but for the bindings: those define things, and are included by name in one source file.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/core/allocator_ref.hpp"
#include "bareheap/core/operations.hpp"
#include "bareheap/core/platform.hpp"
#include "bareheap/core/resumable.hpp"
#include "bareheap/core/statistics.hpp"
#include "bareheap/engines/bump.hpp"
#include "bareheap/engines/hole_list.hpp"
#include "bareheap/engines/null_heap.hpp"
#include "bareheap/engines/page_heap.hpp"
#include "bareheap/engines/story_pages.hpp"
#include "bareheap/version.hpp"
#include "bareheap/wrappers/checked.hpp"
#include "bareheap/wrappers/counted.hpp"
#include "bareheap/wrappers/fallback.hpp"
#include "bareheap/wrappers/headered.hpp"
#include "bareheap/wrappers/locked.hpp"
#include "bareheap/wrappers/reserve.hpp"
#include "bareheap/wrappers/traced.hpp"
