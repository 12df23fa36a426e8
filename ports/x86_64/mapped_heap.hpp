// SPDX-License-Identifier: MIT
// A heap at addresses where nothing was: each page of its window gets a frame, and only then does the heap get the
// window, since its init() writes to it already (S2-05, S2-06). All of it or nothing.
//
//     const MappingFault fault = init_heap(mapper, frames, heap, heap_window());
//     if (fault != MappingFault::none) put_text(port::serial, sentence(fault));
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/core/bits.hpp"
#include "bareheap/core/region.hpp"
#include "ports/x86_64/mapper.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace bareheap::x86_64 {

/// Where the lab has its heap ("CS-371"), and its size (S2-07). QEMU's PCs have no RAM there, however much they have.
inline constexpr std::uintptr_t heap_start = 0xc371'0000;
inline constexpr std::size_t heap_size = std::size_t{1} << 16;

inline Region heap_window() noexcept { return {reinterpret_cast<std::byte*>(heap_start), heap_size}; }

/// Why a window got no heap. Nothing has changed then.
enum class MappingFault : std::uint8_t { none, no_frame, window_in_use, bad_window, heap_refused };

constexpr const char* sentence(MappingFault fault) noexcept {
  switch (fault) {
    case MappingFault::none: return "nothing is wrong";
    case MappingFault::no_frame: return "the frames gave out before all of the heap's window was mapped";
    case MappingFault::window_in_use: return "something is mapped in the heap's window already";
    case MappingFault::bad_window:
      return "the heap's window is empty or holds addresses that the processor does not have";
    case MappingFault::heap_refused: return "the heap refused its window";
  }
  return "the number of a fault is out of range";
}

/// What init_heap() asks of a Mapper.
template <class M>
concept PageMapper = requires(M& mapper, const M& view, std::uintptr_t page, const std::byte* frame, Access access) {
  { mapper.map(page, frame, access) } noexcept -> std::same_as<MapFault>;
  { mapper.unmap(page) } noexcept -> std::same_as<std::byte*>;
  { view.translate(page) } noexcept -> std::same_as<std::optional<std::uintptr_t>>;
};

/// All pages that hold a byte of the window, from that of the first to that of the last. Empty where there is none, or
/// where the window wraps or reaches into the last page there is.
inline Region pages_of(Region window) noexcept {
  const CheckedSize end = (CheckedSize(address_of(window.start)) + window.size).aligned_up(page_size);
  const std::size_t first = align_down(address_of(window.start), page_size);
  if (window.size == 0 || !end.fits()) return {};
  return {reinterpret_cast<std::byte*>(first), end.value() - first};
}

/// Takes what unmapping gives back, page by page.
template <PageMapper Mapper, FrameSource Frames>
void unmap_pages(Mapper& mapper, Frames& frames, Region pages) noexcept {
  const std::uintptr_t start = address_of(pages.start);
  for (std::size_t offset = 0; offset < pages.size; offset += page_size) {
    if (std::byte* const frame = mapper.unmap(start + offset); frame != nullptr) frames.give(frame);
  }
}

namespace detail {

inline MappingFault mapping_fault(MapFault fault) noexcept {
  switch (fault) {
    case MapFault::none: return MappingFault::none;
    case MapFault::no_frame: return MappingFault::no_frame;
    case MapFault::mapped_already: return MappingFault::window_in_use;
    default: return MappingFault::bad_window;
  }
}

template <PageMapper Mapper, FrameSource Frames>
MappingFault map_page(Mapper& mapper, Frames& frames, std::uintptr_t page) noexcept {
  std::byte* const frame = frames.take();
  if (frame == nullptr) return MappingFault::no_frame;
  const MapFault fault = mapper.map(page, frame, {.write = true});
  if (fault != MapFault::none) frames.give(frame);
  return mapping_fault(fault);
}

}  // namespace detail

/// True where one of the pages is mapped.
template <PageMapper Mapper>
bool any_mapped(const Mapper& mapper, Region pages) noexcept {
  const std::uintptr_t start = address_of(pages.start);
  for (std::size_t offset = 0; offset < pages.size; offset += page_size) {
    if (mapper.translate(start + offset)) return true;
  }
  return false;
}

/// Every page gets a frame, to be read and written; where that fails, none.
template <PageMapper Mapper, FrameSource Frames>
[[nodiscard]] MappingFault map_pages(Mapper& mapper, Frames& frames, Region pages) noexcept {
  if (any_mapped(mapper, pages)) return MappingFault::window_in_use;
  for (std::size_t offset = 0; offset < pages.size; offset += page_size) {
    const MappingFault fault = detail::map_page(mapper, frames, address_of(pages.start) + offset);
    if (fault == MappingFault::none) continue;
    unmap_pages(mapper, frames, {pages.start, offset});
    return fault;
  }
  return MappingFault::none;
}

/// Maps the window and gives it to the heap. Where a frame is missing, something is mapped there, or the heap refuses
/// (it has a region already, say), everything is as it was. The frames' memory holds anything. Cost: a few dozen reads
/// and writes a page.
template <PageMapper Mapper, FrameSource Frames, Allocator Heap>
[[nodiscard]] MappingFault init_heap(Mapper& mapper, Frames& frames, Heap& heap, Region window) noexcept {
  const Region pages = pages_of(window);
  if (pages.size == 0) return MappingFault::bad_window;
  const MappingFault fault = map_pages(mapper, frames, pages);
  if (fault != MappingFault::none) return fault;
  if (heap.init(window)) return MappingFault::none;
  unmap_pages(mapper, frames, pages);
  return MappingFault::heap_refused;
}

}  // namespace bareheap::x86_64
