// SPDX-License-Identifier: MIT
//
// GrowingHeap: a heap whose memory is mapped when it is asked for, up to a limit, and given back.
//
//     window  | part 0 | part 1 |    part 2    | . . . not mapped . . . |
//               Heap     Heap     Heap: made for a large request
//
// No engine can give up a piece of its region, so the window is cut into parts, each with an engine of its own: a
// request that fits in none of them maps a new part behind the last one, and trim() unmaps parts at the end in which
// nothing is lent. A block lies in one part; what is free at the end of one and the beginning of the next is not one
// stretch.
//
// For:      a heap that is small most of the time, with the frames free for others.
// Not for:  handlers of interrupts, and several CPUs unless one lock is around it and, from a trim() to its own
//           Mapper::flush(), no other runs on these tables: it may remember where a page was.
// Cost:     allocate: that of each part's engine in turn; where a part is mapped, a few dozen reads and writes for each
//           of its pages. The other calls look for the part and ask its engine.
// Overhead: the object has `most_parts` engines. A part is a (most_parts - 1)th of the window at least, in whole pages.
// Bad frees: what the engine notices.
// Invariants:
//   1. The parts follow each other from the window's first page, and every page of a part is mapped.
//   2. Of the parts behind the last one nothing is mapped, and their engines have no region.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/core/operations.hpp"
#include "ports/x86_64/mapped_heap.hpp"

#include <algorithm>
#include <new>

namespace bareheap::x86_64 {

template <Allocator Heap, PageMapper Mapper, FrameSource Frames, std::size_t most_parts = 16>
class GrowingHeap {
  static_assert(most_parts >= 2);

 public:
  /// No memory yet: every request is refused until init(). Both have to outlive it.
  constexpr GrowingHeap(Mapper& mapper, Frames& frames) noexcept : mapper_(&mapper), frames_(&frames) {}

  /// May use the whole pages of the window from now on, in which nothing may be mapped, and maps the first `size`
  /// bytes, rounded up to pages, which it keeps. A second window is refused.
  [[nodiscard]] MappingFault init(Region window, std::size_t size) noexcept {
    if (count_ != 0) return MappingFault::heap_refused;
    const Region pages = window.wraps() ? Region{} : window.trimmed(page_size);
    if (pages.size == 0 || size == 0) return MappingFault::bad_window;
    if (any_mapped(*mapper_, pages)) return MappingFault::window_in_use;
    window_ = pages;
    return append(size);
  }

  /// Bytes that are mapped.
  std::size_t mapped() const noexcept {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count_; ++i) bytes += parts_[i].pages.size;
    return bytes;
  }

  Block allocate(Layout asked) noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
      if (const Block block = parts_[i].heap.allocate(asked)) return block;
    }
    if (count_ == 0 || asked.size() > window_.size - mapped() || !grow_for(asked)) return {};
    const Block block = parts_[count_ - 1].heap.allocate(asked);
    if (!block) drop();
    return block;
  }

  void deallocate(std::byte* at, Layout asked) noexcept {
    if (at != nullptr) heap_of(at).deallocate(at, asked);
  }

  bool resize(std::byte* at, Layout asked, std::size_t size) noexcept { return heap_of(at).resize(at, asked, size); }

  bool owns(const std::byte* at) const noexcept {
    return std::any_of(parts_, parts_ + count_, [=](const Part& part) { return part.heap.owns(at); });
  }

  std::size_t size_of(const std::byte* at) const noexcept
    requires SelfSizing<Heap>
  {
    return parts_[index_of(at)].heap.size_of(at);
  }

  /// Unmaps the parts at the end in which nothing is lent, but for the first one, and gives their frames back. What the
  /// engines stock is merged.
  void trim() noexcept {
    if constexpr (Stocked<Heap>) {
      for (std::size_t i = 0; i < count_; ++i) parts_[i].heap.trim();
    }
    while (count_ > 1 && is_unused(parts_[count_ - 1].heap)) drop();
  }

  void walk(ExtentSink sink) const noexcept {
    for (std::size_t i = 0; i < count_; ++i) parts_[i].heap.walk(sink);
  }

  [[nodiscard]] Fault check() const noexcept {
    const std::byte* next = window_.start;
    for (std::size_t i = 0; i < count_; ++i) {
      if (parts_[i].pages.start != next) return Fault::invariant_1;
      next = parts_[i].pages.end();
    }
    for (std::size_t i = 0; i < count_; ++i) {
      if (const Fault fault = parts_[i].heap.check(); fault != Fault::none) return fault;
    }
    return Fault::none;
  }

 private:
  struct Part {
    Region pages;
    Heap heap;
  };

  static bool is_unused(const Heap& heap) noexcept {
    return is_pristine(heap);
  }

  /// The part of an address; the first one where there is none, whose engine will say that it has not lent it.
  std::size_t index_of(const std::byte* at) const noexcept {
    std::size_t index = 0;
    while (index < count_ && !parts_[index].pages.contains(at)) ++index;
    return index == count_ ? 0 : index;
  }

  Heap& heap_of(const std::byte* at) noexcept { return parts_[index_of(at)].heap; }

  /// A part in which the request has room, whatever its alignment, beside what an engine needs for itself: a
  /// PageHeap 36.5 bytes a page and two pages, the others less. Where there are not frames for a usual part, the least
  /// that will do.
  bool grow_for(Layout asked) noexcept {
    const std::size_t usual =
        CheckedSize((window_.size + most_parts - 2) / (most_parts - 1)).aligned_up(page_size).value();
    const CheckedSize own = asked.size() / 64 + 2 * page_size;
    const std::size_t least = (CheckedSize(asked.size()) + asked.alignment() + own).value();
    if (append(std::max(usual, least)) == MappingFault::none) return true;
    return least < usual && append(least) == MappingFault::none;
  }

  /// A part of so many bytes, or what is left of the window.
  MappingFault append(std::size_t size) noexcept {
    const std::size_t used = mapped();
    const std::size_t wanted = std::min(CheckedSize(size).aligned_up(page_size).value(), window_.size - used);
    if (count_ == most_parts || wanted == 0) return MappingFault::no_frame;
    Part& part = parts_[count_];
    part.pages = {window_.start + used, wanted};
    const MappingFault fault = init_heap(*mapper_, *frames_, part.heap, part.pages);
    count_ += fault == MappingFault::none;
    return fault;
  }

  void drop() noexcept {
    Part& part = parts_[--count_];
    part.heap.~Heap();
    new (&part.heap) Heap;
    unmap_pages(*mapper_, *frames_, part.pages);
  }

  Mapper* mapper_;
  Frames* frames_;
  Region window_;
  Part parts_[most_parts]{};
  std::size_t count_ = 0;
};

}  // namespace bareheap::x86_64
