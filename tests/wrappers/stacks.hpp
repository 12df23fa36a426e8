// SPDX-License-Identifier: MIT
// The stacks of wrappers over engines that the laws are asked of, and what a law has to know about each. Without a test
// framework, as the plain programs and the fuzzer use it too.
#pragma once

#include "bareheap/bareheap.hpp"
#include "bareheap/core/lock_policies.hpp"
#include "bareheap/wrappers/checked.hpp"
#include "bareheap/wrappers/counted.hpp"
#include "bareheap/wrappers/cpu_cached.hpp"
#include "bareheap/wrappers/fallback.hpp"
#include "bareheap/wrappers/headered.hpp"
#include "bareheap/wrappers/locked.hpp"
#include "bareheap/wrappers/reserve.hpp"
#include "bareheap/wrappers/traced.hpp"
#include "wrappers/no_sink.hpp"
#include "wrappers/one_cpu.hpp"

namespace bareheap::laws {

/// The laws give one region; each of the two heaps gets half of it.
template <class First, class Second>
struct Halves : Fallback<First, Second> {
  Admission init(Region region) noexcept {
    using Both = Fallback<First, Second>;
    if (region.wraps()) return Both::init(region);
    const std::size_t middle = align_down(address_of(region.start) + region.size / 2, 4096);
    const bool splits = middle > address_of(region.start) && middle < address_of(region.end());
    if (!splits) return Both::init(region);
    const std::size_t half = middle - address_of(region.start);
    const Admission low = Both::init({region.start, half});
    const Admission high = Both::add({region.start + half, region.size - half});
    if (!low || !high) return low ? low : high;
    return {.taken = Region::between(low.taken.start, high.taken.end()), .lost = low.lost + high.lost};
  }
};

/// A Reserve made as the laws make a heap, without arguments. It keeps its block for good, so the engine must merge
/// around that.
template <class Heap>
struct Kept : Reserve<Heap> {
  constexpr Kept() noexcept : Reserve<Heap>(Layout(48, 16)) {}
};

/// Whether the picture of all freed is that of the fresh heap (law 6).
template <class Heap>
constexpr bool merges = true;
template <std::size_t Small, std::size_t Medium, std::size_t Page>
constexpr bool merges<BasicStoryPages<Small, Medium, Page>> = false;
template <class Heap, class Policy>
constexpr bool merges<Locked<Heap, Policy>> = merges<Heap>;
template <class Heap>
constexpr bool merges<Counted<Heap>> = merges<Heap>;
template <class Heap>
constexpr bool merges<Headered<Heap>> = merges<Heap>;
template <class Heap, std::size_t Quarantine>
constexpr bool merges<Checked<Heap, Quarantine>> = merges<Heap>;
template <class Heap, class Sink, std::size_t Capacity>
constexpr bool merges<Traced<Heap, Sink, Capacity>> = merges<Heap>;
template <class First, class Second>
constexpr bool merges<Halves<First, Second>> = merges<First> && merges<Second>;

using Spin = SpinWithInterruptsSaved<OneCpu>;
using Called = OneOfFour<Recall::by_interrupt>;

template <class... Heaps>
struct HeapList {};

/// Every engine, by itself.
using Engines = HeapList<NullHeap, Bump, BasicBump<Direction::downward>, HoleList, BasicHoleList<Carving::tail>,
                         PageHeap, StoryPages, RealTimeHeap, SmallRealTimeHeap, GranuleHeap, SmallGranuleHeap>;

/// Every wrapper on engines of every kind, and the stacks that programs use.
using AllStacks = HeapList<
    Locked<Bump, NoLock>, Locked<HoleList, SpinLock<OneCpu>>, Locked<PageHeap, Spin>, Locked<StoryPages, Spin>,
    Locked<HoleList, InterruptsSaved<OneCpu>>,
    Counted<Bump>, Counted<HoleList>, Counted<PageHeap>, Counted<StoryPages>,
    Headered<Bump>, Headered<HoleList>, Headered<PageHeap>, Headered<StoryPages>,
    Halves<Bump, Bump>, Halves<HoleList, HoleList>, Halves<Bump, HoleList>, Halves<HoleList, StoryPages>,
    Halves<PageHeap, HoleList>,
    Checked<Bump, 0>, Checked<HoleList>, Checked<HoleList, 0>, Checked<HoleList, 1>, Checked<PageHeap>,
    Checked<StoryPages>,
    Traced<HoleList, NoSink>, Locked<Traced<Headered<HoleList>, NoSink>, Spin>,
    Kept<HoleList>, Kept<PageHeap>, Kept<Checked<HoleList>>, Locked<Kept<Headered<HoleList>>, Spin>,
    Locked<Counted<HoleList>, Spin>, Locked<Counted<Headered<HoleList>>, Spin>, Locked<Checked<HoleList>, Spin>,
    Locked<Counted<Checked<HoleList>>, Spin>, Locked<Counted<PageHeap>, Spin>, Headered<Checked<HoleList>>,
    Checked<Headered<HoleList>, 0>, Checked<Locked<HoleList, Spin>>,
    Locked<Halves<Headered<Bump>, Counted<HoleList>>, Spin>, Halves<Checked<HoleList>, Checked<HoleList>>,
    Locked<GranuleHeap, Spin>, Locked<Counted<Headered<GranuleHeap>>, Spin>, Checked<GranuleHeap>,
    Halves<GranuleHeap, SmallRealTimeHeap>, Kept<SmallGranuleHeap>,
    CpuCached<GranuleHeap, Called>, CpuCached<GranuleHeap, OneOfFour<Recall::directly>, ByMap>,
    CpuCached<SmallGranuleHeap, Called>, Checked<CpuCached<GranuleHeap, Called>>,
    Counted<NullHeap>, Headered<NullHeap>, Checked<NullHeap>>;

/// Some of them, with each wrapper and each kind of engine, for every day.
using SomeStacks = HeapList<
    Locked<Counted<Headered<HoleList>>, Spin>, Locked<Traced<Headered<HoleList>, NoSink>, Spin>,
    Halves<PageHeap, HoleList>, Halves<HoleList, StoryPages>,
    Checked<HoleList, 1>, Checked<PageHeap>, Checked<Bump, 0>, Kept<Checked<HoleList>>,
    Locked<Counted<Headered<GranuleHeap>>, Spin>, Halves<GranuleHeap, SmallRealTimeHeap>, Kept<SmallGranuleHeap>,
    CpuCached<GranuleHeap, Called>, CpuCached<GranuleHeap, OneOfFour<Recall::directly>, ByMap>,
    Checked<CpuCached<GranuleHeap, Called>>>;

/// Each wrapper and each kind of engine once or twice, for every day where it takes longer.
using FewStacks = HeapList<
    Locked<Counted<Headered<GranuleHeap>>, Spin>, Locked<Traced<Headered<HoleList>, NoSink>, Spin>,
    Halves<HoleList, StoryPages>, Halves<GranuleHeap, SmallRealTimeHeap>, Checked<PageHeap>, Checked<Bump, 0>,
    Kept<SmallGranuleHeap>,
    CpuCached<GranuleHeap, OneOfFour<Recall::directly>, ByMap>, Checked<CpuCached<GranuleHeap, Called>>>;

}  // namespace bareheap::laws
