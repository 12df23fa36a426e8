// SPDX-License-Identifier: MIT
// What every heap can do because it is an Allocator: written once, over the concept. Each costs the calls that it
// names.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/core/statistics.hpp"

#include <cstddef>

namespace bareheap {

/// allocate(), and every byte that was granted is zero. An array comes from Layout::array_of, whose size, where the
/// product overflows, is one that every heap refuses. As much of it is inlined as of allocate(): an alignment that the
/// caller knows is not looked at.
template <Allocator Heap>
[[gnu::always_inline]] inline Block allocate_zeroed(Heap& heap, Layout asked) noexcept {
  const Block block = heap.allocate(asked);
  if (block) __builtin_memset(block.at, 0, block.size);
  return block;
}

/// Changes the size of a block: in place where the heap can, else in a new block of the same alignment, to which the
/// bytes that both have are copied, and the old one is freed. From then on the layout is
/// `old_layout.with_size(new_size)`. Empty: no room, and the old block, its bytes and its layout are what they were;
/// that can happen to a smaller size too, where the heap does not shrink in place. A null `at` allocates. A size of 0
/// frees nothing: it gives a block of its own. Of a block that stayed in place the granted size is not known; `size` is
/// `new_size` then.
template <Allocator Heap>
Block reallocate(Heap& heap, std::byte* at, Layout old_layout, std::size_t new_size) noexcept {
  const Layout new_layout = old_layout.with_size(new_size);
  if (at == nullptr) return heap.allocate(new_layout);
  if (heap.resize(at, old_layout, new_size)) return {at, new_size};
  const Block block = heap.allocate(new_layout);
  if (!block) return {};
  __builtin_memcpy(block.at, at, old_layout.size() < new_size ? old_layout.size() : new_size);
  heap.deallocate(at, old_layout);
  return block;
}

/// True where nothing is lent. (An engine that does not merge may still have another picture than the fresh heap.)
template <Allocator Heap>
bool is_pristine(const Heap& heap) noexcept {
  bool pristine = true;
  heap.walk([&pristine](const Extent& extent) { pristine = pristine && extent.kind != ExtentKind::used; });
  return pristine;
}

/// What allocate() would answer now: its granted size, with an address that must not be used. The concept has no such
/// question, so the block is lent, shrunk as far as it goes, and taken back. A heap that lends again what it took back
/// is then what it was. Two engines do not always: a Bump that holds other blocks loses a byte and the padding, and
/// StoryPages turns a run into single pages and may cut a page, so there the answer can be yes only once. On a heap
/// that others use at the same time the answer is old when it arrives.
template <Allocator Heap>
Block tried(Heap& heap, Layout asked) noexcept {
  const Block block = heap.allocate(asked);
  if (!block) return {};
  const bool shrunk = heap.resize(block.at, asked, 0);
  heap.deallocate(block.at, shrunk ? asked.with_size(0) : asked);
  return block;
}

/// True where there is room for the request now; see tried().
template <Allocator Heap>
bool can_allocate(Heap& heap, Layout asked) noexcept {
  return static_cast<bool>(tried(heap, asked));
}

/// The size that a request would be granted now, 0 where there is no room; see tried(). To ask for that size instead
/// costs nothing more.
template <Allocator Heap>
std::size_t good_size(Heap& heap, Layout asked) noexcept {
  return tried(heap, asked).size;
}

/// The largest stretch of free bytes. An engine that does not merge, or an alignment, can make a smaller request fail.
template <Allocator Heap>
std::size_t largest_free(const Heap& heap) noexcept {
  return statistics_of(heap).largest_free;
}

}  // namespace bareheap
