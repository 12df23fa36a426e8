// SPDX-License-Identifier: MIT
// What a heap with a stock has for engines that are made of it: blocks in a row, past the stock, and a view of what is
// free.
#include "mutation/judge.hpp"

#include <algorithm>

namespace bareheap::mutation {
namespace {

void begin(Subject& heap) {
  heap.renew();
  expect(static_cast<bool>(heap.init({fresh_arena(), 100'000})));
}

// `count` lent blocks of so many granules that follow each other, and nothing else.
void expect_row(const Subject& heap, std::byte* first, std::size_t granules, std::size_t count) {
  const std::vector<Extent> picture = picture_of(heap);
  expect(count_of(picture, ExtentKind::used) == count && count_of(picture, ExtentKind::cached) == 0);
  expect(heap.blocks() == count && heap.check() == Fault::none);
  for (std::size_t index = 0; index < count; ++index, first += granules * heap.granule()) {
    expect(heap.size_of(first) == granules * heap.granule());
  }
}

// Of blocks short and long; those that go one by one, and the rest at once, lower ones or higher ones.
void whole_rows(Subject& heap, std::size_t granules, std::size_t count, std::size_t alone, bool lowest_first) {
  begin(heap);
  const std::size_t free = heap.free();
  const std::size_t size = granules * heap.granule();
  std::byte* first = nullptr;
  expect(heap.take_row(granules, count, first) == count && heap.free() == free - count * granules);
  expect_row(heap, first, granules, count);
  const std::size_t rest = count - alone;
  for (std::size_t index = 0; index < alone; ++index) {
    heap.deallocate(first + (lowest_first ? index : rest + index) * size, Layout(size, 1));
  }
  heap.trim();
  if (lowest_first) first += alone * size;
  expect_row(heap, first, granules, rest);
  heap.give_row(first, granules, rest);
  expect(heap.free() == free && heap.blocks() == 0 && heap.check() == Fault::none);
  expect(count_of(picture_of(heap), ExtentKind::free) == 1);
}

// Where less is free in one piece, the row is shorter, and none where not one fits.
void short_rows(Subject& heap) {
  begin(heap);
  std::byte* hole = nullptr;
  expect(heap.take_row(11, 1, hole) == 1);
  const std::size_t rest = heap.free();
  std::byte* others = nullptr;
  expect(heap.take_row(rest, 2, others) == 1 && heap.free() == 0);
  heap.give_row(hole, 11, 1);
  std::byte* first = nullptr;
  expect(heap.take_row(12, 1, first) == 0 && heap.take_row(3, 100, first) == 3 && first == hole);
  expect(heap.take_row(3, 1, first) == 0 && heap.take_row(2, 1, first) == 1 && first == hole + 9 * heap.granule());
  expect(heap.take_row(1, 1, first) == 0 && heap.free() == 0 && heap.blocks() == 5 && heap.check() == Fault::none);
}

// Outside of the span one at a time.
void outside(Subject& heap) {
  heap.renew();
  std::byte* const arena = fresh_arena();
  expect(static_cast<bool>(heap.init({arena, 20'000})) && static_cast<bool>(heap.add({arena + 50'000, 20'000})));
  std::byte* first = nullptr;
  while (heap.take_row(8, 8, first) > 1) continue;
  heap.trim();
  std::size_t most = 1;
  std::size_t outside = 0;
  do {
    outside += first > arena + 50'000;
    expect(heap.check() == Fault::none && heap.size_of(first) == 8 * heap.granule());
    most = heap.take_row(8, 8, first);
  } while (most == 1);
  expect(most == 0 && outside > 50);
}

// The first that is not lent stops it.
void wrong_rows(Subject& heap) {
  for (const std::size_t wrong : {0u, 2u, 3u}) {
    begin(heap);
    std::byte* first = nullptr;
    expect(heap.take_row(5, 4, first) == 4);
    std::byte* const other = first + wrong * 5 * heap.granule();
    heap.deallocate(other, Layout(5 * heap.granule(), 1));
    expect(stops([&] { heap.give_row(first, 5, 4); }) == Fault::freed_twice && last_stop.address == other);
  }
}

// All that is large enough, once, and nothing else.
void what_is_free(Subject& heap) {
  begin(heap);
  std::vector<std::byte*> holes;
  for (std::size_t granules = 1; granules <= 40; ++granules) {
    holes.push_back(heap.allocate(Layout(granules * heap.granule(), 1)).at);
    expect(static_cast<bool>(heap.allocate(Layout(heap.granule(), 1))));
  }
  for (std::size_t granules = 1; granules <= 40; ++granules) {
    heap.deallocate(holes[granules - 1], Layout(granules * heap.granule(), 1));
  }
  heap.trim();
  for (std::size_t granules = 1; granules <= 42; ++granules) {
    std::vector<Region> found = heap.free_from(granules);
    std::ranges::sort(found, {}, &Region::start);
    std::size_t next = 0;
    for (const Extent& tile : picture_of(heap)) {
      if (tile.kind != ExtentKind::free || tile.size < granules * heap.granule()) continue;
      expect(next < found.size() && found[next].start == tile.at && found[next].size == tile.size);
      ++next;
    }
    expect(next == found.size() && next != 0);
  }
}

}  // namespace

void judge_rows(Subject& heap) {
  if (!heap.has_stock()) return;
  for (const std::size_t granules : {1u, 2u, 5u, 63u, 64u, 65u, 130u, 300u}) {
    for (const std::size_t count : {1u, 2u, 7u}) {
      for (std::size_t alone = 0; alone < count; ++alone) {
        whole_rows(heap, granules, count, alone, true);
        whole_rows(heap, granules, count, alone, false);
      }
    }
  }
  short_rows(heap);
  outside(heap);
  wrong_rows(heap);
  what_is_free(heap);
}

}  // namespace bareheap::mutation
