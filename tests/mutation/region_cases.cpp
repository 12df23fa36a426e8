// SPDX-License-Identifier: MIT
// Regions: which are taken, what of them is lost, what they cost, and how they join.
#include "mutation/judge.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace bareheap::mutation {
namespace {

// Bytes of the map of so many granules, with two words to spare.
std::size_t map_for(const Subject& heap, std::size_t granules) {
  return ((granules + 1) / (8 * heap.map_word_size()) + 2) * 2 * heap.map_word_size();
}

// Bytes of its own that a heap needs at most in its first region, for a span of so many granules.
std::size_t most_state(const Subject& heap, std::size_t granules) {
  const std::size_t bins = 2 * static_cast<std::size_t>(std::bit_width(granules)) * heap.granule();
  const std::size_t lists = std::min(granules / 256, 8192 / heap.granule());
  const std::size_t carved = std::min(lists, 1024 / heap.granule());
  const std::size_t stock = heap.has_stock() ? lists * heap.index_size() + carved + 7 : 0;
  return heap.record_size() + stock + bins + map_for(heap, granules);
}

void refused(Subject& heap, Fault fault, Admission admission, std::size_t offered) {
  expect(admission.fault == fault && admission.lost == offered && admission.taken.size == 0);
  expect(heap.check() == Fault::none);
}

// Every granule can be lent, and is written; what lies around a region is not.
void fill(Subject& heap, Region offered) {
  const std::size_t granule = heap.granule();
  std::vector<std::byte*> blocks;
  while (const Block block = heap.allocate(Layout(granule, 1))) {
    expect(block.at >= offered.start && block.at + granule <= offered.end());
    std::fill_n(block.at, granule, std::byte{0xFF});
    blocks.push_back(block.at);
  }
  const auto full = picture_of(heap);
  expect(heap.check() == Fault::none && bytes_of(full, ExtentKind::used) == blocks.size() * granule);
  expect(bytes_of(full, ExtentKind::free) + bytes_of(full, ExtentKind::cached) == 0);
  for (std::size_t odd : {1u, 0u}) {
    for (std::size_t index = odd; index < blocks.size(); index += 2) heap.deallocate(blocks[index], Layout(granule, 1));
    expect(heap.check() == Fault::none);
  }
  heap.trim();
}

bool is_untouched(const std::byte* from, const std::byte* to) {
  return std::all_of(from, to, [](std::byte byte) { return byte == std::byte{0xA5}; });
}

// First regions of every size from nothing on: the smallest that is taken lends one granule or two. A few granules more
// may want one more word of the map, and be too small.
void first_regions(Subject& heap) {
  const std::size_t granule = heap.granule();
  std::size_t free_before = 0;
  for (std::size_t size = 0; size < 3300; size += granule / 2) {
    std::byte* const start = fresh_arena() + 64 + size % 3;
    heap.renew();
    const Admission admission = heap.init({start, size});
    if (!admission) {
      refused(heap, Fault::region_too_small, admission, size);
      expect(free_before <= 2 * granule && is_untouched(start - 64, start + size + 64));
      continue;
    }
    const Region taken = admission.taken;
    expect(taken.start >= start && taken.end() <= start + size && admission.lost == size - taken.size);
    expect(taken.size + 2 * granule > size && is_aligned(address_of(taken.start), granule) &&
           taken.size % granule == 0);
    const auto tiles = picture_of(heap);
    expect(tiles.size() == 2 && tiles[0].at == taken.start && tiles[1].end() == taken.end());
    expect(tiles[0].size <= (most_state(heap, taken.size / granule) + granule - 1) / granule * granule);
    expect(free_before != 0 || tiles[1].size <= 2 * granule);
    free_before = tiles[1].size;
    if (free_before <= 3 * granule || size % 11 == 0) fill(heap, taken);
    expect(picture_of(heap) == tiles && is_untouched(start - 64, taken.start) &&
           is_untouched(taken.end(), taken.end() + 64));
  }
  expect(free_before > 1000);
}

void refused_at_first(Subject& heap) {
  std::byte* const at = fresh_arena() + 65536;
  const Region region{at, 32768};
  const auto wrapping = Region{at, size_limit};
  refused(heap, Fault::region_wraps, heap.init(wrapping), size_limit);
  refused(heap, Fault::region_wraps, heap.init(region, wrapping), 32768);
  refused(heap, Fault::region_wraps, heap.init(wrapping, region), size_limit);
  refused(heap, Fault::region_too_small, heap.init({at + 1, 3}, region), 3);
  refused(heap, Fault::region_too_small, heap.init(region, {at + 1, 3}), 32768);
  refused(heap, Fault::region_too_small, heap.init({at, 0}), 0);
  refused(heap, Fault::region_apart, heap.init(region, {at + 64, 32768}), 32768);
  refused(heap, Fault::region_apart, heap.init(region, {at - 64, 64}), 32768);
  refused(heap, Fault::region_apart, heap.init(region, {at, 32768 - 64}), 32768);
  refused(heap, Fault::region_apart, heap.init(region, {at + 40000, 64}), 32768);
  expect(static_cast<bool>(heap.init(region)));
  refused(heap, Fault::initialised_twice, heap.init(region), 32768);
  refused(heap, Fault::region_wraps, heap.add(wrapping), size_limit);
  refused(heap, Fault::region_too_small, heap.add({at + 65536, 3}), 3);
  refused(heap, Fault::region_apart, heap.add({at - 32768, 16384}), 16384);
  refused(heap, Fault::region_apart, heap.add({at - heap.granule(), heap.granule()}), heap.granule());
}

// Four granules are the least inside the span where nothing is joined: three have the record. One is the least that
// joins.
void add_inside(Subject& heap) {
  const std::size_t granule = heap.granule();
  const std::size_t record = (heap.record_size() + granule - 1) / granule * granule;
  std::byte* const at = fresh_arena();
  heap.renew();
  expect(static_cast<bool>(heap.init({at, 16384}, {at, 65536})));
  const std::size_t free = bytes_of(picture_of(heap), ExtentKind::free);
  refused(heap, Fault::region_too_small, heap.add({at + 32768, record}), record);
  expect(is_untouched(at + 32768, at + 65536));
  for (const Region& over : {Region{at, 16384}, Region{at + 16384 - granule, 4096}, Region{at + granule, 64}}) {
    refused(heap, Fault::region_overlaps, heap.add(over), over.size);
  }
  const Admission apart = heap.add({at + 32768, record + granule});
  expect(apart && apart.lost == 0 && apart.taken.size == record + granule);
  expect(bytes_of(picture_of(heap), ExtentKind::free) == free + granule && heap.check() == Fault::none);
  for (const Region& over :
       {Region{at + 20000, 20000}, Region{at + 32768 + record, 64}, Region{at + 32768 - granule, 2 * granule}}) {
    refused(heap, Fault::region_overlaps, heap.add(over), over.size);
  }
  const Admission joins = heap.add({at + 16384, granule + 3});
  expect(joins && joins.lost == 3 && joins.taken.size == granule);
  expect(bytes_of(picture_of(heap), ExtentKind::free) == free + 2 * granule);
  const Admission fills = heap.add({at + 16384 + granule, 16384 - granule});
  expect(fills && heap.allocate(Layout(free + 16384, 1)).size == free + 16384);
  expect(heap.check() == Fault::none && !heap.allocate(Layout(2 * granule, 1)));
  // What begins inside the span ends with it.
  const Admission across = heap.add({at + 65536 - 4096, 8192});
  expect(across && across.taken.size == 4096 && across.lost == 4096);
  expect(heap.check() == Fault::none && heap.owns(at + 65535) && !heap.owns(at + 65536));
  heap.reset();
  expect(bytes_of(picture_of(heap), ExtentKind::free) == free + 16384 + granule + 4096 - record);
  expect(count_of(picture_of(heap), ExtentKind::free) == 3 && heap.check() == Fault::none);
}

// A region behind the span has a map of its own, also where it touches; what is larger than the span is cut into
// pieces.
void add_outside(Subject& heap, std::size_t distance) {
  const std::size_t granule = heap.granule();
  constexpr std::size_t first_size = 4096;
  std::size_t free_before = 0;
  for (std::size_t size = granule; size < 3000; size += free_before <= 3 * granule ? granule : 9 * granule) {
    std::byte* const at = fresh_arena();
    heap.renew();
    expect(static_cast<bool>(heap.init({at, first_size})));
    std::byte* const start = at + first_size + distance;
    const Admission admission = heap.add({start, size});
    if (!admission) {
      refused(heap, Fault::region_too_small, admission, size);
      expect(free_before <= 2 * granule && is_untouched(start, start + size));
      continue;
    }
    const auto tiles = picture_of(heap);
    expect(admission.lost == 0 && tiles.size() == 4 && tiles[2].at == start && tiles[3].end() == start + size);
    expect(free_before != 0 || tiles[3].size <= 2 * granule);
    const std::size_t words = 2 * heap.map_word_size();  // one more, since the region may begin in the middle of a word
    expect(tiles[2].size <= heap.record_size() + granule - 1 + map_for(heap, size / granule) + words + granule - 1);
    free_before = tiles[3].size;
    fill(heap, {at, first_size + distance + size});
    expect(picture_of(heap) == tiles && is_untouched(start + size, start + size + 64));
  }
  expect(free_before > 1000);
}

void larger_outside(Subject& heap) {
  std::byte* const at = fresh_arena();
  heap.renew();
  expect(static_cast<bool>(heap.init({at, 4096})));
  for (const auto& [offset, size] : {std::pair{131072u, 65536u}, {8192u, 6000u}, {20480u, 4096u + 16u}}) {
    std::byte* const start = at + offset;
    const std::size_t before = picture_of(heap).size();
    const Admission admission = heap.add({start, size});
    const std::size_t rest = size % 4096;
    const std::size_t lost = rest == 16 ? 16 : 0;  // too small for a piece
    expect(admission && admission.lost == lost && heap.check() == Fault::none);
    const auto tiles = picture_of(heap);
    expect(tiles.size() == before + 2 * (size / 4096 + (rest > lost)));
    const auto first = std::ranges::find(tiles, static_cast<const std::byte*>(start), &Extent::at);
    expect(first != tiles.end() && first->size + (first + 1)->size == 4096);
    fill(heap, {at, 2 * 65536 + 65536});
    expect(picture_of(heap) == tiles);
  }
  expect(!heap.allocate(Layout(4096, 1)) && heap.allocate(Layout(3000, 1)));
}

// Its map is so long that its first block lies behind all that the map of the span has room for.
void large_neighbour(Subject& heap) {
  constexpr std::size_t size = 240'000;
  std::byte* const at = fresh_arena();
  heap.renew();
  expect(heap.init({at, size}) && heap.add({at + size, size}));
  expect(picture_of(heap).size() == 4 && heap.check() == Fault::none);
}

// A region elsewhere is not cut where it was said how large a block may be.
void largest_elsewhere(Subject& heap) {
  std::byte* const at = fresh_arena();
  const Region first{at, 8192};
  heap.renew();
  expect(heap.init(first, first, 100'000) && heap.add({at + 65536, 65536}));
  expect(picture_of(heap).size() == 4 && heap.allocate(Layout(60000, 1)) && heap.check() == Fault::none);
  heap.renew();
  expect(heap.init(first, first, 16384) && heap.add({at + 65536, 65536}));
  expect(picture_of(heap).size() == 2 + 2 * 4 && heap.check() == Fault::none);
  heap.renew();
  expect(heap.init(first, first, 1000) && heap.allocate(Layout(6000, 1)));  // that is less than the span has
}

// A region that joins another at its start and ends with the span.
void rest_of_span(Subject& heap) {
  std::byte* const at = fresh_arena();
  heap.renew();
  expect(static_cast<bool>(heap.init({at, 16384}, {at, 32768})));
  const std::size_t free = bytes_of(picture_of(heap), ExtentKind::free);
  expect(heap.add({at + 16384, 16384}) && bytes_of(picture_of(heap), ExtentKind::free) == free + 16384);
}

// One block has place in a region of so many bytes as are needed for it, and not in one of a granule less.
void needed(Subject& heap) {
  const std::size_t granule = heap.granule();
  for (std::size_t granules = 1; granules <= Subject::most_needed; ++granules) {
    const std::size_t needed = heap.needed_for_one(granules);
    for (const std::size_t less : {std::size_t{0}, 2 * granule - 1}) {
      heap.renew();
      const bool fits = heap.init({fresh_arena(), needed - less}) && heap.allocate(Layout(granules * granule, 1));
      expect(fits == (less == 0));
    }
  }
  // In any order there may be a hole in front of each of eight other blocks, nearly as large as the largest block.
  expect(heap.needed(false) > 900 + 8 * 300);
  expect(heap.has_stock() ? heap.needed(true) == heap.needed(false) : heap.needed(true) < 900 + 8 * 300);
}

// The last granule that an index can name is the end of what is taken.
void reach(Subject& heap) {
  const std::size_t limit = heap.index_size() == 2 ? 0xFFFFu : heap.map_word_size() == 4 ? 0x1FFFFFFFu : 0xFFFFFFFFu;
  const std::size_t granule = heap.granule();
  static std::byte* const at = wide_arena(std::size_t{66} << 30);
  heap.renew();
  expect(static_cast<bool>(heap.init({at, 65536})));
  std::byte* const end = at + limit * granule;
  refused(heap, Fault::region_apart, heap.add({end, 65536}), 65536);
  refused(heap, Fault::region_apart, heap.add({end + granule, 65536}), 65536);
  const Admission last = heap.add({end - 65536, 65536 + 5000});
  expect(last && last.lost == 5000 && last.taken.size == 65536 && heap.check() == Fault::none);
  const std::byte* const one = heap.allocate(Layout(60000, 1)).at;
  const std::byte* const other = heap.allocate(Layout(60000, 1)).at;
  expect(one != nullptr && other != nullptr && (one > at + 65536) != (other > at + 65536));
  if (heap.index_size() == 4) return;
  heap.renew();
  const Admission cut = heap.init({at, (limit + 7) * granule});
  expect(cut && cut.taken.size == limit * granule && cut.lost == 7 * granule);
  heap.renew();
  const Admission wide = heap.init({at, 65536}, {at, (limit + 100000) * granule});
  expect(wide && wide.lost == 0 && heap.check() == Fault::none);
  refused(heap, Fault::region_apart, heap.add({end, 65536}), 65536);
}

}  // namespace

void judge_regions(Subject& heap) {
  refused_at_first(heap);
  first_regions(heap);
  add_inside(heap);
  add_outside(heap, 0);
  add_outside(heap, 5000 / heap.granule() * heap.granule());
  larger_outside(heap);
  large_neighbour(heap);
  largest_elsewhere(heap);
  rest_of_span(heap);
  needed(heap);
  reach(heap);
}

}  // namespace bareheap::mutation
