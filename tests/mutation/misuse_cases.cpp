// SPDX-License-Identifier: MIT
// Each wrong free stops, with its own fault, and changes nothing; and what a heap without memory answers.
#include "mutation/judge.hpp"

#include <algorithm>

namespace bareheap::mutation {
namespace {

void without_memory(Subject& heap) {
  expect(!heap.allocate(Layout(1, 1)) && heap.check() == Fault::none && picture_of(heap).empty());
  expect(!heap.allocate(Layout(1, 4096)) && !heap.allocate(Layout(0, 1)) && !heap.allocate(Layout(5000, 1)));
  std::byte* const at = fresh_arena();
  expect(!heap.owns(at) && !heap.owns(nullptr));
  const Admission admission = heap.add({at, 4096});
  expect(admission.fault == Fault::not_initialised && admission.lost == 4096 && admission.taken.size == 0);
  heap.trim();
  heap.reset();
  heap.deallocate(nullptr, Layout(1, 1));
  expect(stops([&] { heap.deallocate(at, Layout(1, 1)); }) == Fault::never_lent);
  expect(stops([&] { heap.size_of(at); }) == Fault::never_lent);
  expect(stops([&] { heap.resize(at, Layout(1, 1), 2); }) == Fault::never_lent);
  expect(heap.check() == Fault::none && heap.walk_step(nullptr, 1, [](const Extent&) { expect(false); }) == nullptr);
}

// Stops all three calls about an address, and changes nothing.
void expect_stops(Subject& heap, std::byte* at, std::size_t size, Fault right) {
  const auto before = picture_of(heap);
  expect(stops([&] { heap.deallocate(at, Layout(size, 1)); }) == right && last_stop.address == at);
  expect(last_stop.caller != nullptr);
  expect(stops([&] { heap.resize(at, Layout(size, 1), 1); }) == right && last_stop.address == at);
  if (right != Fault::wrong_layout) expect(stops([&] { heap.size_of(at); }) == right);
  expect(picture_of(heap) == before && heap.check() == Fault::none);
}

void wrong_frees(Subject& heap, std::byte* region) {
  const std::size_t granule = heap.granule();
  const Layout two(2 * granule, 1);
  std::byte* const first = heap.allocate(two).at;
  std::byte* const second = heap.allocate(two).at;
  const Layout large(3000, 1);
  std::byte* const third = heap.allocate(large).at;
  expect(first != nullptr && second != nullptr && third != nullptr);

  expect_stops(heap, first, granule, Fault::wrong_layout);
  expect_stops(heap, first, 3 * granule, Fault::wrong_layout);
  expect_stops(heap, std::min(first, second), 4 * granule, Fault::wrong_layout);  // both as one
  expect_stops(heap, first + granule, granule, Fault::never_lent);
  expect_stops(heap, first + 1, 2 * granule, Fault::never_lent);
  expect_stops(heap, third + 1024, 3000 - 1024, Fault::never_lent);
  expect_stops(heap, third, 2900, Fault::wrong_layout);
  for (std::byte* const wild :
       {region, region - granule, region - (std::size_t{1} << 20), reinterpret_cast<std::byte*>(granule),
        reinterpret_cast<std::byte*>(size_limit - granule + 1)}) {
    expect_stops(heap, wild, granule, Fault::never_lent);
  }
  expect_stops(heap, region + (std::size_t{1} << 40), 1, Fault::never_lent);

  heap.deallocate(first, two);
  expect_stops(heap, first, 2 * granule, Fault::freed_twice);
  heap.deallocate(third, large);
  expect_stops(heap, third, 3000, Fault::freed_twice);
  heap.trim();
  expect_stops(heap, third + 1024, granule, Fault::freed_twice);
  heap.deallocate(second, two);
  heap.deallocate(nullptr, two);
  expect_stops(heap, second, 2 * granule, Fault::freed_twice);
  heap.trim();
  expect_stops(heap, second, 2 * granule, Fault::freed_twice);
}

}  // namespace

void judge_misuse(Subject& heap) {
  without_memory(heap);
  std::byte* const at = fresh_arena() + 4096;
  heap.renew();
  expect(static_cast<bool>(heap.init({at, 65536})));
  wrong_frees(heap, at);

  // The same in a region that has a map of its own.
  heap.renew();
  expect(static_cast<bool>(heap.init({at, 16384})));
  while (heap.allocate(Layout(heap.granule(), 1))) continue;
  expect(static_cast<bool>(heap.add({at + 65536, 65536})));
  wrong_frees(heap, at + 65536);
}

}  // namespace bareheap::mutation
