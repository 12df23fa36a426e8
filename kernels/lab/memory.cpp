// SPDX-License-Identifier: MIT
#include "kernels/lab/memory.hpp"

#include "bareheap/core/statistics.hpp"
#include "heap.hpp"
#include "ports/common/port.hpp"

#include <algorithm>

namespace bareheap::lab {

namespace {

constexpr std::size_t least_growth = std::size_t{64} << 10;

constinit PageHeap physical_memory;
constinit x86_64::PageHeapFrames frames_of_memory(physical_memory);
constinit std::size_t grown = 0;

template <Allocator Heap>
bool add_pages(Heap& heap, Region pages) noexcept {
  if constexpr (Growable<Heap>) {
    Mapper tables = mapper();
    if (x86_64::map_pages(tables, frames(), pages) != x86_64::MappingFault::none) return false;
    if (heap.add(pages)) return true;
    x86_64::unmap_pages(tables, frames(), pages);
  }
  return false;
}

}  // namespace

bool start_memory() noexcept {
  const bool started = static_cast<bool>(physical_memory.init(port::heap_region()));
  return started && port::memory_after_heap(nullptr, [](Region stretch) {
           static_cast<void>(physical_memory.add(stretch));  // too small a stretch is refused, and not missed
         });
}

x86_64::PageHeapFrames& frames() noexcept { return frames_of_memory; }

Mapper mapper() noexcept { return Mapper(x86_64::page_tables(), frames_of_memory); }

std::size_t free_frames() noexcept { return statistics_of(physical_memory).free_bytes / x86_64::page_size; }

// Three pages more than asked for: what an engine needs for itself, and what is cut off to make whole pages.
bool grow_program_heap(Layout asked) noexcept {
  if (asked.size() > most_heap_bytes || asked.alignment() > most_heap_bytes) return false;
  const std::size_t wanted = asked.size() + asked.alignment() + 3 * x86_64::page_size;
  const std::size_t size = align_down(std::max(wanted, least_growth), x86_64::page_size);
  const Region window = x86_64::heap_window();
  if (window.size + grown + size > most_heap_bytes) return false;
  if (!add_pages(program_heap, {window.end() + grown, size})) return false;
  grown += size;
  return true;
}

std::size_t grown_bytes() noexcept { return grown; }

}  // namespace bareheap::lab
