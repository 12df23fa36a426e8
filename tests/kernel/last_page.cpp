// SPDX-License-Identifier: MIT
// A region at the end of all addresses, where the end of the last block would be 0. For the boards whose page tables
// reach so far.
#include "kernel/heap.hpp"
#include "kernel/laws.hpp"
#include "kernel/machine/last_page.hpp"

#include "bareheap/bareheap.hpp"

namespace {

using namespace bareheap;
using kernel_test::expect;

constinit Region last_pages;

/// The last `size` bytes there are, and so many beyond that the region wraps.
Region at_the_end(std::size_t size, std::size_t beyond = 0) noexcept {
  return {last_pages.start + (last_pages.size - size), size + beyond};
}

template <class Heap>
void expect_right_at_the_end() {
  kernel_test::expect_laws_in_short<Heap>(last_pages, !std::same_as<Heap, StoryPages>);
  for (std::size_t size = 0; size <= last_pages.size; size += size < 64 ? 1 : 3000) {
    laws::Trial<Heap> trial(at_the_end(size), false);
    do {
      expect(trial.auditor.allocate(Layout(8, 8)) == laws::Law::none);
    } while (!trial.auditor.refused() && !trial.auditor.full());
    expect(trial.auditor.free_all() == laws::Law::none);
  }
  Heap heap;
  expect(heap.init(at_the_end(4096, 1)).fault == Fault::region_wraps);
  expect(heap.check() == Fault::none && !heap.allocate(Layout(1, 1)));
  const Admission admission = heap.init(last_pages);
  expect(admission && admission.taken.size >= last_pages.size - 4096);
}

const kernel_test::Test tests[] = {
    {"Bump at the last address", expect_right_at_the_end<Bump>},
    {"HoleList at the last address", expect_right_at_the_end<HoleList>},
    {"PageHeap at the last address", expect_right_at_the_end<PageHeap>},
    {"StoryPages at the last address", expect_right_at_the_end<StoryPages>},
    {"RealTimeHeap at the last address", expect_right_at_the_end<RealTimeHeap>},
    {"GranuleHeap at the last address", expect_right_at_the_end<GranuleHeap>},
};

}  // namespace

extern "C" void kernel_main() noexcept {
  const Region memory{kernel_test::start_heap().start, 64 * 1024};
  last_pages = {reinterpret_cast<std::byte*>(0 - memory.size), memory.size};
  if (!expect(kernel_test::map_at_the_end(memory))) port::exit(1);
  kernel_test::run_and_exit(tests);
}
