// SPDX-License-Identifier: MIT
#pragma once

#include "bareheap/bareheap.h"

#include <ostream>
#include <vector>

/// One choice of flags for each engine that lends something, and all that choose the same.
struct Choice {
  const char* name;
  unsigned flags;
  std::vector<unsigned> same;
};
inline void PrintTo(const Choice& choice, std::ostream* stream) { *stream << choice.flags; }

inline const Choice choices[] = {
    {"Default", BAREHEAP_DEFAULT, {}},
    {"RealTime", BAREHEAP_REAL_TIME, {}},
    {"Small", BAREHEAP_SMALL, {}},
    {"SmallRealTime", BAREHEAP_REAL_TIME | BAREHEAP_SMALL, {}},
    {"HoleList", BAREHEAP_HOLE_LIST, {}},
    {"Pages", BAREHEAP_PAGES, {}},
    {"Bump", BAREHEAP_BUMP, {}},
    {"StoryPages", BAREHEAP_STORY_PAGES, {}},
    {"Checked", BAREHEAP_CHECKED,
     {BAREHEAP_CHECKED | BAREHEAP_SMALL, BAREHEAP_CHECKED | BAREHEAP_REAL_TIME,
      BAREHEAP_CHECKED | BAREHEAP_SMALL | BAREHEAP_REAL_TIME}},
};
