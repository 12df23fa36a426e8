// SPDX-License-Identifier: MIT
// The heap of a Homer that is refused memory.
#pragma once

#include "bareheap/engines/hole_list.hpp"
#include "support/fail_nth.hpp"

class ProgramHeap : public bareheap::test::FailNth<bareheap::HoleList> {
 public:
  constexpr ProgramHeap() noexcept : FailNth(inside_) {}

  bareheap::Admission init(bareheap::Region region) noexcept { return inside_.init(region); }
  bareheap::Admission add(bareheap::Region region) noexcept { return inside_.add(region); }

 private:
  bareheap::HoleList inside_;
};

extern ProgramHeap program_heap;

inline constexpr char program_heap_name[] = "refusing";
