// SPDX-License-Identifier: MIT
// The one shape of everything that lends memory. Engines have it over a region, wrappers have it around another one, so
// they stack. The compiler checks the shape; the laws (docs/laws.md) check the meaning, with one suite for all of them.
#pragma once

#include "bareheap/core/extent.hpp"
#include "bareheap/core/fault.hpp"
#include "bareheap/core/layout.hpp"
#include "bareheap/core/region.hpp"

#include <concepts>
#include <cstddef>

namespace bareheap {

/// What holds for every Allocator:
/// * allocate() lends a block that no other live block overlaps, at least as large and as aligned as asked, or an empty
///   Block where there is no room; nothing is lost by a refusal. A request for 0 bytes gets a block of its own.
/// * deallocate() takes the block back. The layout is the one asked with; its size may be anything up to the size that
///   was granted. A null pointer does nothing. An address or layout that the engine can tell to be wrong is a Fault.
/// * resize() changes the size of a live block where it stands and answers true, or answers false and nothing happened.
///   It never moves a block. After true the block's layout is `asked.with_size(size)`.
/// * owns() tells whether an address lies in memory that this heap was given.
/// * walk() shows each region as tiles without gap or overlap, lowest address first.
/// * check() tests the heap's numbered invariants in their order; Fault::none: all hold.
template <class A>
concept Allocator = requires(A& heap, const A& view, Layout asked, std::byte* at, std::size_t size, ExtentSink sink) {
  { heap.allocate(asked) } noexcept -> std::same_as<Block>;
  { heap.deallocate(at, asked) } noexcept -> std::same_as<void>;
  { heap.resize(at, asked, size) } noexcept -> std::same_as<bool>;
  { view.owns(at) } noexcept -> std::same_as<bool>;
  { view.walk(sink) } noexcept -> std::same_as<void>;
  { view.check() } noexcept -> std::same_as<Fault>;
};

/// Knows the granted size of a live block from its address alone: plain free(p) and unsized delete need it. Where they
/// do not know the alignment that was asked for either, they free with that of plain new: that must do for such a heap.
template <class A>
concept SelfSizing = Allocator<A> && requires(const A& view, const std::byte* at) {
  { view.size_of(at) } noexcept -> std::same_as<std::size_t>;
};

/// Takes further memory after its first region.
template <class A>
concept Growable = Allocator<A> && requires(A& heap, Region region) {
  { heap.add(region) } noexcept -> std::same_as<Admission>;
};

/// Keeps lists of free blocks by size, which trim() merges back into the whole.
template <class A>
concept Stocked = Allocator<A> && requires(A& heap) {
  { heap.trim() } noexcept -> std::same_as<void>;
};

/// What a step of a check found. A fault ends the pass.
struct CheckStep {
  Fault fault = Fault::none;
  const std::byte* next = nullptr;  ///< where the next step goes on; null: this was the last one
};

/// Can be walked and checked a few tiles at a time. `from` is an address and nothing else: null at first, then what the
/// step before answered, which is above the `from` of that step. It need not be where a tile begins any more, and is
/// never read through. `count` is one at least. What a step costs is told by each engine; for most it is `count`, and
/// not the size of the heap.
/// * walk_step() shows at most `count` tiles in address order, from the one that holds `from`, cut to begin there.
///   Answers the end of the last one; null where no tile is above it.
/// * check_step() tests, for at most `count` tiles from there, every invariant that a tile and its neighbours tell, and
///   any more that the engine likes. So the steps of one pass find what check() finds, if nothing changes between them.
template <class A>
concept Stepwise =
    Allocator<A> && requires(const A& view, const std::byte* from, std::size_t count, ExtentSink sink) {
      { view.walk_step(from, count, sink) } noexcept -> std::same_as<const std::byte*>;
      { view.check_step(from, count) } noexcept -> std::same_as<CheckStep>;
    };

}  // namespace bareheap
