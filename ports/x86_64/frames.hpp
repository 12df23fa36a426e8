// SPDX-License-Identifier: MIT
// Page frames out of a PageHeap: memory is mapped one to one, so a page's address is its physical one.
#pragma once

#include "bareheap/engines/page_heap.hpp"
#include "ports/x86_64/mapper.hpp"

namespace bareheap::x86_64 {

/// The heap has to outlive it, and to lie in memory whose addresses are its physical ones, as all is that
/// port::heap_region() and port::memory_after_heap() give.
class PageHeapFrames {
 public:
  explicit constexpr PageHeapFrames(PageHeap& heap) noexcept : heap_(&heap) {}

  std::byte* take() noexcept { return heap_->allocate_pages(1).at; }
  void give(std::byte* frame) noexcept { heap_->deallocate_pages(frame, 1); }
  bool owns(const std::byte* frame) const noexcept { return heap_->owns(frame); }

 private:
  PageHeap* heap_;
};

static_assert(PageHeap::page_size == page_size && FrameSource<PageHeapFrames>);

}  // namespace bareheap::x86_64
