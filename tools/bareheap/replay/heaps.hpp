// SPDX-License-Identifier: MIT
// The heaps that traces are replayed on. A new one is a line here.
#pragma once

#include "heap_kind.hpp"

#include "bareheap/bareheap.hpp"
#include "bareheap/core/lock_policies.hpp"
#include "bareheap/wrappers/checked.hpp"
#include "bareheap/wrappers/counted.hpp"
#include "bareheap/wrappers/cpu_cached.hpp"
#include "bareheap/wrappers/headered.hpp"
#include "bareheap/wrappers/locked.hpp"
#include "ports/host/threads.hpp"

#include <cstdint>
#include <vector>

namespace bareheap::tools::replay {

/// The one CPU that a replay runs on, whose interrupts nobody sends.
struct OneCpu {
  struct State {};

  static std::uint32_t cpu() noexcept { return 0; }
  static bool exclusives_work() noexcept { return true; }
  static void pause() noexcept {}
  static State mask_interrupts() noexcept { return {}; }
  static void restore_interrupts(State) noexcept {}
};

template <Allocator Heap>
using WithLock = Locked<Heap, SpinWithInterruptsSaved<OneCpu>>;

/// A heap and what it is called on the command line.
template <class Type>
struct Named {
  const char* name;
};

/// As a program with some threads has it. Here there is one.
using ThreadCached = CpuCached<GranuleHeap, host::Threads<4>>;

/// All engines: what is measured where no heap is named.
inline constexpr auto engines = [](auto with) {
  with(Named<Bump>{"bump"},                                    //
       Named<HoleList>{"hole-list"},                           //
       Named<BasicHoleList<Carving::tail>>{"hole-list-tail"},  //
       Named<PageHeap>{"page-heap"},                           //
       Named<StoryPages>{"story-pages"},                       //
       Named<GranuleHeap>{"granule-heap"},                     //
       Named<RealTimeHeap>{"real-time-heap"},                  //
       Named<ThreadCached>{"cpu-cached"},                      //
       Named<SmallGranuleHeap>{"small-granule-heap"},          //
       Named<SmallRealTimeHeap>{"small-real-time-heap"});
};

/// Stacks of wrappers, the outermost first in the name.
inline constexpr auto stacks = [](auto with) {
  with(Named<WithLock<HoleList>>{"locked+hole-list"},                   //
       Named<Counted<HoleList>>{"counted+hole-list"},                   //
       Named<Headered<HoleList>>{"headered+hole-list"},                 //
       Named<Checked<HoleList>>{"checked+hole-list"},                   //
       Named<WithLock<Counted<HoleList>>>{"locked+counted+hole-list"},  //
       Named<WithLock<PageHeap>>{"locked+page-heap"},                   //
       Named<Headered<PageHeap>>{"headered+page-heap"},                 //
       Named<Checked<PageHeap>>{"checked+page-heap"});
};

// Each list is compiled by itself, in the source file of its name.
std::vector<HeapKind> engine_kinds();
std::vector<HeapKind> stack_kinds();

/// The loop with an empty heap, and with a pointer that is counted up: what no heap can be faster than.
std::vector<HeapKind> reference_kinds();

/// The name of the empty loop, which other figures are seen beside.
inline constexpr const char* empty_loop = "empty-loop";

}  // namespace bareheap::tools::replay
