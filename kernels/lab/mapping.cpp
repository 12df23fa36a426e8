// SPDX-License-Identifier: MIT
#include "kernels/lab/mapping.hpp"

#include "bareheap/core/statistics.hpp"
#include "bareheap/engines/granule_heap.hpp"
#include "bareheap/engines/null_heap.hpp"
#include "heap.hpp"
#include "kernels/lab/log.hpp"
#include "kernels/lab/memory.hpp"
#include "ports/x86_64/growing_heap.hpp"

#include <vector>

namespace bareheap::lab {

namespace {

/// Gives out after some frames.
class FewFrames {
 public:
  explicit FewFrames(std::size_t count) noexcept : left_(count) {}

  std::byte* take() noexcept {
    if (left_ == 0) return nullptr;
    --left_;
    return frames().take();
  }

  void give(std::byte* frame) noexcept {
    ++left_;
    frames().give(frame);
  }

  bool owns(const std::byte* frame) const noexcept { return frames().owns(frame); }

 private:
  std::size_t left_;
};

bool show_rollback() noexcept {
  const std::size_t before = free_frames();
  FewFrames few(5);
  Mapper tables = mapper();
  const x86_64::MappingFault fault = x86_64::init_heap(tables, few, program_heap, x86_64::heap_window());
  const bool nothing_changed = free_frames() == before && !program_heap.allocate(Layout(4, 4));
  return show("5 frames for 16 pages", fault == x86_64::MappingFault::no_frame && nothing_changed, sentence(fault),
              "; all were given back");
}

bool show_second_init() noexcept {
  const std::size_t before = free_frames();
  Mapper tables = mapper();
  const Admission again = program_heap.init(x86_64::heap_window());
  const auto mapped_again = x86_64::init_heap(tables, frames(), program_heap, x86_64::heap_window());
  return show("a second init", !again && mapped_again != x86_64::MappingFault::none && free_frames() == before,
              "refused: ", sentence(again.fault));
}

std::size_t mapped_pages_of_window() noexcept {
  const Mapper tables = mapper();
  std::size_t mapped = 0;
  for (std::size_t offset = 0; offset < x86_64::heap_size; offset += x86_64::page_size) {
    mapped += tables.translate(x86_64::heap_start + offset).has_value();
  }
  return mapped;
}

/// More than the first pages: it begins in them and ends in further ones, where the engine joins both.
bool show_program_heap_growing() {
  const std::vector<std::byte> bytes(x86_64::heap_size * 3 / 2);
  return show("a vector of 96 KiB", grown_bytes() != 0, "from ", static_cast<const void*>(bytes.data()), " to ",
              static_cast<const void*>(bytes.data() + bytes.size()), ", with ", grown_bytes(), " bytes mapped behind ",
              static_cast<const void*>(x86_64::heap_window().end()));
}

}  // namespace

bool show_no_heap() {
  say("Without a heap:");
  NullHeap dummy;
  const Statistics nothing = statistics_of(program_heap);
  const bool refused = !program_heap.allocate(Layout(64, 8));
  const bool right = show("before init", refused && nothing == Statistics{}, "a request is refused; used ",
                          nothing.used_bytes, ", size ", nothing.total_bytes());
  return show("the dummy allocator", !dummy.allocate(Layout(64, 8)), "refuses whatever is asked") && right;
}

bool show_mapping() {
  say("The heap's pages:");
  bool right = show("RAM", free_frames() != 0, free_frames(), " frames of 4096 bytes are free");
  right = show_rollback() && right;
  const std::size_t before = free_frames();
  Mapper tables = mapper();
  const x86_64::MappingFault fault = x86_64::init_heap(tables, frames(), program_heap, x86_64::heap_window());
  if (fault != x86_64::MappingFault::none) {
    say("no heap: ", sentence(fault));
    port::exit(1);
  }
  right = show("mapped", mapped_pages_of_window() == 16, mapped_pages_of_window(), " pages at ",
               Hexadecimal{x86_64::heap_start}, ", ", before - free_frames(), " frames with the page tables") &&
          right;
  right = show_second_init() && right;
  return show("the heap", true, "engine ", program_heap_name, ", ", statistics_of(program_heap).total_bytes(),
              " bytes") &&
         right;
}

bool show_growing() {
  say("Heaps that grow:");
  bool right = show_program_heap_growing();
  using Growing = x86_64::GrowingHeap<GranuleHeap, Mapper, x86_64::PageHeapFrames>;
  constexpr std::uintptr_t window = 0xc471'0000;
  constexpr Layout large(std::size_t{200} << 10, 16);
  const std::size_t before = free_frames();
  Mapper tables = mapper();
  Growing heap(tables, frames());
  if (heap.init({reinterpret_cast<std::byte*>(window), std::size_t{4} << 20}, x86_64::heap_size) !=
      x86_64::MappingFault::none) {
    return show("init", false);
  }
  const std::size_t at_first = heap.mapped() / x86_64::page_size;
  const Block block = heap.allocate(large);
  const std::size_t grown = heap.mapped() / x86_64::page_size;
  right = show("a request of 200 KiB", block && grown > at_first, "found ", at_first, " pages mapped, left ", grown) &&
          right;
  heap.deallocate(block.at, large);
  heap.trim();
  const std::size_t trimmed = heap.mapped() / x86_64::page_size;
  right = show("given back", trimmed == at_first && heap.check() == Fault::none, trimmed, " pages are mapped again") &&
          right;
  x86_64::unmap_pages(tables, frames(), {reinterpret_cast<std::byte*>(window), heap.mapped()});
  return show("and with the last pages unmapped", free_frames() == before, free_frames(),
              " frames are free, as before") &&
         right;
}

}  // namespace bareheap::lab
