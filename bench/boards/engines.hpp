// SPDX-License-Identifier: MIT
// The engines that are measured: one line each. A further one of this library is one more line; what is no Allocator
// needs a class as that of picolibc (picolibc/heap.hpp).
#pragma once

#include "measure.hpp"

#include "bareheap/engines/bump.hpp"
#include "bareheap/engines/granule_heap.hpp"
#include "bareheap/engines/hole_list.hpp"
#include "bareheap/engines/page_heap.hpp"
#include "bareheap/engines/real_time_heap.hpp"
#include "bareheap/engines/story_pages.hpp"
#include "bareheap/wrappers/cpu_cached.hpp"
#include "bareheap/wrappers/locked.hpp"
#include "ports/common/multiprocessor.hpp"

#include <span>

namespace bareheap::bench {

struct Engine {
  const char* name;
  Figures (*run)(std::span<const Operation> script, const Ground& ground) noexcept;
};

/// Lends the same address to everybody: what the calls themselves take, which is in the figures of all the others too.
struct Empty {
  std::byte* at = nullptr;

  void init(Region region) noexcept { at = region.start; }
  Block allocate(Layout asked) noexcept { return {at, asked.size()}; }
  void deallocate(std::byte*, Layout) noexcept { asm volatile(""); }
  Block reallocate(std::byte*, Layout, std::size_t size) noexcept { return {at, size}; }
  std::size_t largest_free() const noexcept { return 0; }
};

/// For several CPUs: a stock for each, or one lock.
using Cached = CpuCached<GranuleHeap, port::BoardMultiprocessor>;
using OneLock = Locked<GranuleHeap, SpinWithInterruptsSaved<port::BoardProcessor>>;

inline constexpr Engine own_engines[] = {
    {"empty", run<Empty>},
    {"bump", run<Bump>},
    {"hole-list", run<HoleList>},
    {"page-heap", run<PageHeap>},
    {"story-pages", run<StoryPages>},
    {"granule-heap", run<GranuleHeap>},
    {"real-time-heap", run<RealTimeHeap>},
    {"cpu-cached", run<Cached>},
    {"granule-heap, locked", run<OneLock>},
};

/// Allocators of others that the board has: none, or picolibc's.
std::span<const Engine> foreign_engines() noexcept;

}  // namespace bareheap::bench
