// SPDX-License-Identifier: MIT
// S2-05 to S2-08 on the machine: a heap at 0xc3710000, where there is no RAM. The key on the serial line: 't' runs the
// tests; 'e' initialises the heap before its window is mapped, which must end the kernel with a page fault at its
// start; 'x' executes data, 'c' writes to code, 'r' writes to a constant, 'd' writes to a freed window,
// 'k' calls a CPU that does not run, 'n' one that is none.
#include "bareheap/bareheap.hpp"
#include "bareheap/core/operations.hpp"
#include "kernel/runner.hpp"
#include "ports/common/cpu_calls.hpp"
#include "ports/common/port.hpp"
#include "ports/x86_64/frames.hpp"
#include "ports/x86_64/growing_heap.hpp"
#include "ports/x86_64/mapped_heap.hpp"
#include "ports/x86_64/mmu.hpp"

#include <cstdint>
#include <cstring>

namespace {

using namespace bareheap;
using namespace bareheap::x86_64;
using kernel_test::expect;
using TableMapper = Mapper<PageHeapFrames, Translations>;

constexpr std::size_t window_pages = heap_size / page_size;

constinit PageHeap frame_heap;
constinit PageHeapFrames frames(frame_heap);

TableMapper mapper() noexcept { return TableMapper(page_tables(), frames); }

/// The address of an entry of the lowest level, as the processor would find it; null where a table is missing.
const std::uint64_t* entry_at(std::size_t i4, std::size_t i3, std::size_t i2, std::size_t i1) noexcept {
  const auto* table = reinterpret_cast<const std::uint64_t*>(page_tables());
  for (const std::size_t index : {i4, i3, i2}) {
    if ((table[index] & 1) == 0) return nullptr;
    table = reinterpret_cast<const std::uint64_t*>(table[index] & 0x000ffffffffff000);
  }
  return table + i1;
}

std::size_t frames_lent() noexcept { return statistics_of(frame_heap).used_bytes / page_size; }

void unmap_window() noexcept {
  TableMapper tables = mapper();
  unmap_pages(tables, frames, heap_window());
}

void expect_window_mapped() {
  TableMapper tables = mapper();
  const std::size_t before = frames_lent();
  expect(!any_mapped(tables, heap_window()));
  HoleList heap;
  if (!expect(init_heap(tables, frames, heap, heap_window()) == MappingFault::none)) return;
  for (std::size_t i = 272; i <= 287; ++i) {
    const std::uint64_t* const entry = entry_at(0, 3, 27, i);
    if (!expect(entry != nullptr && (*entry & 3) == 3)) return;
    expect(frame_heap.owns(reinterpret_cast<const std::byte*>(*entry & 0x000ffffffffff000)));
  }
  expect(!tables.translate(heap_start - 1) && !tables.translate(heap_start + heap_size));
  const Block first = heap.allocate(Layout(4, 4));
  expect(address_of(first.at) == heap_start);
  const Block rest = heap.allocate(Layout(heap_size - 16, 16));
  if (!expect(first && rest)) return;
  std::memset(rest.at, 0x5a, rest.size);
  const auto frame = tables.translate(heap_start + heap_size - 1);
  expect(frame && *reinterpret_cast<const unsigned char*>(*frame) == 0x5a);
  expect(frames_lent() > before + window_pages);
  expect(init_heap(tables, frames, heap, heap_window()) == MappingFault::window_in_use);
  expect(init_heap(tables, frames, heap, {heap_window().end(), heap_size}) == MappingFault::heap_refused);
  unmap_window();
  expect(frames_lent() == before);
}

/// With k frames for every k that is not enough, and then with enough.
void expect_roll_back() {
  TableMapper tables = mapper();
  std::byte* taken[256];
  std::size_t count = 0;
  while (count < 256 && (taken[count] = frames.take()) != nullptr) ++count;
  if (!expect(count >= 64 && count < 256)) return;
  HoleList heap;
  std::size_t left = 0;
  while (init_heap(tables, frames, heap, heap_window()) == MappingFault::no_frame && left < 64) {
    expect(!any_mapped(tables, heap_window()) && !heap.allocate(Layout(1, 1)));
    expect(frames_lent() == count - left);
    frames.give(taken[count - ++left]);
  }
  expect(left > window_pages && left <= window_pages + 3);
  expect(static_cast<bool>(heap.allocate(Layout(heap_size, 16))));
  unmap_window();
  for (std::size_t i = 0; i < count - left; ++i) frames.give(taken[i]);
  expect(frames_lent() == 0);
}

void expect_growing() {
  TableMapper tables = mapper();
  constexpr std::size_t limit = 64 * page_size;
  GrowingHeap<HoleList, TableMapper, PageHeapFrames> heap(tables, frames);
  if (!expect(heap.init({heap_window().start, limit}, page_size) == MappingFault::none)) return;
  const std::size_t fresh = frames_lent();
  const Layout layout(10 * page_size, 16);
  const Block first = heap.allocate(layout);
  const Block second = heap.allocate(layout);
  if (!expect(first && second && !heap.allocate(Layout(limit, 16)))) return;
  std::memset(first.at, 1, first.size);
  std::memset(second.at, 2, second.size);
  expect(first.at[first.size - 1] == std::byte{1} && heap.check() == Fault::none);
  heap.deallocate(second.at, layout);
  heap.deallocate(first.at, layout);
  heap.trim();
  expect(heap.mapped() == page_size && frames_lent() == fresh);
  unmap_window();
}

/// 0xA5 as RAM at power-on: what stands in every stretch is overwritten, so nothing of anybody may lie there.
void expect_memory_is_free() {
  std::size_t bytes = 0;
  const bool answered = port::memory_after_heap(nullptr, [&bytes](Region stretch) {
    expect(stretch.start >= port::heap_region().end() &&
           is_aligned(address_of(stretch.start) | stretch.size, page_size));
    if (stretch.size <= std::size_t{256} << 20) std::memset(stretch.start, 0xA5, stretch.size);
    stretch.start[0] = stretch.start[stretch.size - 1] = std::byte{1};
    bytes += stretch.size;
  });
  expect(answered && bytes != 0);
  put_text(port::serial, "free after the heap: ");
  put_decimal(port::serial, bytes / 1024);
  put_text(port::serial, " KiB\r\n");
  TableMapper tables = mapper();
  expect(tables.translate(address_of(&frame_heap)) == address_of(&frame_heap));
  expect(!tables.translate(0) && !tables.translate(0x8000) && !tables.translate(0xb8000) && !tables.translate(0xf0000));
}

const kernel_test::Test tests[] = {
    {"nothing lies in memory_after_heap", expect_memory_is_free},
    {"S2-05 S2-07 S2-08 a heap at 0xc3710000", expect_window_mapped},
    {"S2-05 frames give out", expect_roll_back},
    {"a heap that grows", expect_growing},
};

const volatile int constant = 371;
volatile std::uint32_t instruction = 0xc3c3c3c3;  // RET

void initialise_too_early() {
  HoleList heap;
  static_cast<void>(heap.init(heap_window()));
}

void write_to_freed_window() {
  TableMapper tables = mapper();
  HoleList heap;
  expect(init_heap(tables, frames, heap, heap_window()) == MappingFault::none);
  *heap_window().start = std::byte{1};
  unmap_window();
  *heap_window().start = std::byte{1};
}

void write_to(const volatile void* place) { *static_cast<volatile char*>(const_cast<volatile void*>(place)) = 1; }

void call(std::uint32_t cpu) {
  port::on_call([]() noexcept {});
  port::call_cpu(cpu);
}

void obey(int key) {
  switch (key) {
    case 't': kernel_test::run_and_exit(tests);
    case 'e': return initialise_too_early();
    case 'x': return reinterpret_cast<void (*)()>(const_cast<std::uint32_t*>(&instruction))();
    case 'c': return write_to(reinterpret_cast<const void*>(&kernel_main));
    case 'r': return write_to(&constant);
    case 'd': return write_to_freed_window();
    case 'k': return call(1);
    case 'n': return call(~std::uint32_t{0});
    default: return;
  }
}

}  // namespace

extern "C" void kernel_main() noexcept {
  if (!expect(static_cast<bool>(frame_heap.init(port::heap_region())))) port::exit(1);
  put_text(port::serial, "ready\r\n");
  while (true) obey(port::read());
}
