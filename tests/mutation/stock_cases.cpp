// SPDX-License-Identifier: MIT
// The rules of the stock: what is put there, how it is filled, and when it is given back.
#include "mutation/judge.hpp"

#include <algorithm>
#include <utility>

namespace bareheap::mutation {
namespace {

constexpr std::size_t region_size = 405'500;  // where the share that is stocked is exact

std::byte* last_arena = nullptr;

void begin(Subject& heap) {
  heap.renew();
  last_arena = fresh_arena();
  expect(static_cast<bool>(heap.init({last_arena, region_size})));
}

// Behind the region that begin() gives away.
std::byte* region_beyond() { return last_arena + 450'000; }

std::size_t cached_in(const Subject& heap) { return count_of(picture_of(heap), ExtentKind::cached); }

// A batch is lent block by block, lowest first, and then comes the next, twice as large, up to 4 KiB and 32 blocks.
void batches(Subject& heap, std::size_t size) {
  begin(heap);
  const std::size_t most = 4096 / size < 32 ? 4096 / size : 32;
  for (std::size_t batch = 1, rounds = 0; rounds < 3; batch = batch * 2 < most ? batch * 2 : most) {
    rounds += batch == most;
    const std::byte* next = nullptr;
    for (std::size_t left = batch; left != 0; --left) {
      expect(left == batch || cached_in(heap) == left);
      const Block block = heap.allocate(Layout(size, heap.granule()));
      expect(block.size == size && (next == nullptr || block.at == next));
      next = block.at + size;
      if (left == batch) expect(heap.check() == Fault::none);
    }
    expect(cached_in(heap) == 0);
  }
  expect(heap.check() == Fault::none);
}

// What is freed comes back first; where an alignment is asked for, only if it has it.
void what_is_stocked(Subject& heap) {
  begin(heap);
  for (const std::size_t size : {std::size_t{1}, std::size_t{1024}, std::size_t{1500}}) {
    std::byte* const at = heap.allocate(Layout(size, 1)).at;
    heap.deallocate(at, Layout(size, 1));
    expect(cached_in(heap) == 1);
    const std::byte* const other = heap.allocate(Layout(size, 2 * heap.granule())).at;
    expect(is_aligned(address_of(other), 2 * heap.granule()) && cached_in(heap) == (other != at));
    expect(other == at || heap.allocate(Layout(size, 1)).at == at);
    expect(cached_in(heap) == 0);
  }
  heap.reset();
  const std::size_t all = bytes_of(picture_of(heap), ExtentKind::free);
  for (const std::size_t more : {0u, 1u}) {
    const Layout share((all / heap.granule() / 256 + more) * heap.granule(), 1);
    std::byte* const at = heap.allocate(share).at;
    heap.deallocate(at, share);
    expect(cached_in(heap) == 1 - more && heap.allocate(share).at == at && cached_in(heap) == 0);
    heap.deallocate(at, share);
    heap.trim();
    expect(cached_in(heap) == 0 && count_of(picture_of(heap), ExtentKind::free) == 1 && heap.check() == Fault::none);
  }
  heap.deallocate(heap.allocate(Layout(24, 1)).at, Layout(24, 1));
  heap.reset();
  expect(cached_in(heap) == 0 && count_of(picture_of(heap), ExtentKind::free) == 1);
}

// Where every list has a block, each request gets one of its own size.
void right_sizes(Subject& heap) {
  begin(heap);
  const std::size_t granule = heap.granule();
  for (std::size_t size = granule; size <= 1024; size += granule)
    heap.deallocate(heap.allocate(Layout(size, 1)).at, Layout(size, 1));
  for (std::size_t size = 1; size <= 64; ++size)
    expect(heap.allocate(Layout(size, 1)).size == (size + granule - 1) / granule * granule);
}

// Every size that the stock takes, of blocks all over a word of the map and of one that reaches into the next.
void wrong_sizes(Subject& heap) {
  begin(heap);
  const std::size_t granule = heap.granule();
  for (unsigned count = 0; count < 40; ++count) {
    const Layout asked((count == 39 ? 200 : 2) * granule, 1);
    std::byte* const at = heap.allocate(asked).at;
    for (std::size_t size = granule; size <= 1024; size += granule) {
      if (size != asked.size()) expect(stops([&] { heap.deallocate(at, Layout(size, 1)); }) == Fault::wrong_layout);
    }
  }
  expect(heap.check() == Fault::none);
}

bool stocks(Subject& heap, std::size_t size = 64) {
  heap.trim();
  const Layout small(size, 1);
  heap.deallocate(heap.allocate(small).at, small);
  const bool stocked = cached_in(heap) != 0;
  heap.trim();
  return stocked;
}

// A heap where one block holds all but `percent` of what can be lent; the plan is made by a block that is not stocked.
void leave(Subject& heap, std::size_t percent, std::byte*& at, Layout& layout) {
  const std::size_t all = bytes_of(picture_of(heap), ExtentKind::free) + (at == nullptr ? 0 : layout.size());
  const Layout now(all - all * percent / 100, 1);
  if (at == nullptr)
    at = heap.allocate(Layout(now.size(), 2 * heap.granule())).at;  // at the lower end, so that it can grow
  else
    expect(heap.resize(at, layout, now.size()));
  layout = now;
  expect(at != nullptr);
  const Layout held(all / 50, 1);
  heap.deallocate(heap.allocate(held).at, held);
}

// There is none from where a third is free down, until half is free again.
void scarce(Subject& heap) {
  begin(heap);
  std::byte* at = nullptr;
  Layout layout(0, 1);
  for (const auto& [percent, right] :
       {std::pair{38u, true}, {20u, false}, {45u, false}, {55u, true}, {45u, true}, {28u, false}}) {
    leave(heap, percent, at, layout);
    expect(stocks(heap) == right);
  }
  heap.reset();
  expect(stocks(heap));
  // Nor from a request that found no room on.
  at = nullptr;
  leave(heap, 45, at, layout);
  expect(stocks(heap) && !heap.allocate(Layout(region_size, 1)) && !stocks(heap, heap.granule()));
}

// Where less than half is free, each is carved by itself, and the batches begin anew when there is plenty again.
void carved_by_itself(Subject& heap) {
  begin(heap);
  std::byte* at = nullptr;
  Layout layout(0, 1);
  for (unsigned count = 0; count < 7; ++count) static_cast<void>(heap.allocate(Layout(32, 1)));
  leave(heap, 48, at, layout);
  heap.trim();
  for (unsigned count = 0; count < 9; ++count) {
    expect(heap.allocate(Layout(32, 1)).at != nullptr && cached_in(heap) == 0);
  }
  leave(heap, 60, at, layout);
  heap.trim();
  for (const unsigned left : {1u, 0u, 3u}) {
    expect(heap.allocate(Layout(32, 1)).at != nullptr && cached_in(heap) == left);
  }
}

// Allocates blocks with others between them, and frees them in the order of their places, or the other way round.
std::vector<std::byte*> make_holes(Subject& heap, const std::vector<std::size_t>& sizes, bool lowest_first) {
  begin(heap);
  std::vector<std::byte*> holes;
  for (const std::size_t size : sizes) {
    holes.push_back(heap.allocate(Layout(size, 1)).at);
    expect(static_cast<bool>(heap.allocate(Layout(1, 2 * heap.granule()))));
  }
  for (std::size_t index = 0; index < sizes.size(); ++index) {
    const std::size_t hole = lowest_first ? index : sizes.size() - 1 - index;
    heap.deallocate(holes[hole], Layout(sizes[hole], 1));
  }
  expect(heap.check() == Fault::none);
  return holes;
}

// Of equal holes the lowest is taken, and of others one of the first four of the bin that is large enough.
void holes_in_order(Subject& heap) {
  const std::size_t granule = heap.granule();
  const std::size_t size = 400 * granule;
  for (const bool lowest_first : {false, true}) {
    const std::vector<std::byte*> holes = make_holes(heap, {size, size}, lowest_first);
    expect(heap.allocate(Layout(size, 1)).at == holes[0] && heap.allocate(Layout(size, 1)).at == holes[1]);
  }
  std::vector<std::size_t> sizes = {size - 2 * granule, size - 2 * granule, size - 2 * granule, size + 2 * granule};
  std::byte* const fourth = make_holes(heap, sizes, true).back();
  expect(heap.allocate(Layout(size, 1)).at == fourth);
  sizes.insert(sizes.begin(), size - 2 * granule);
  std::byte* const fifth = make_holes(heap, sizes, true).back();
  expect(heap.allocate(Layout(size, 1)).at > fifth);
  // Where nothing else has room, any block is looked at, also one that just fits.
  sizes.back() = size;
  std::byte* const last = make_holes(heap, sizes, true).back();
  const std::vector<Extent> picture = picture_of(heap);
  const std::size_t exact = std::ranges::find(picture, last, &Extent::at)->size;  // with what the next one left
  const std::size_t rest = picture.back().size;
  expect(heap.allocate(Layout(rest, 1)).size == rest && heap.allocate(Layout(exact, 1)).at == last);
  expect(heap.check() == Fault::none && !heap.allocate(Layout(size, 1)));
}

// A heap without a stock looks at the first of the bin alone, which came last.
void the_first_hole_alone(Subject& heap) {
  const std::size_t size = 400 * heap.granule();
  const std::vector<std::byte*> holes = make_holes(heap, {size, size - 2 * heap.granule()}, true);
  expect(heap.allocate(Layout(size, 1)).at > holes[1]);
}

// A block of more than 1/8 of the memory is put at the upper end, where others of that kind are; one that is aligned
// is not.
void large_ones(Subject& heap) {
  begin(heap);
  const std::size_t granule = heap.granule();
  const std::vector<Extent> fresh = picture_of(heap);
  const std::size_t share = bytes_of(fresh, ExtentKind::free) / granule / 8 * granule;
  std::byte* const low = heap.allocate(Layout(share, 1)).at;
  std::byte* const high = heap.allocate(Layout(share + granule, 1)).at;
  std::byte* const next = heap.allocate(Layout(share + granule, granule)).at;
  expect(low < next && next + share + granule == high);
  expect(high + share + granule == fresh.back().at + fresh.back().size);
  const std::byte* const above = heap.allocate(Layout(share + granule, 2 * granule)).at;
  expect(above < low + share + 2 * granule + granule);
  heap.deallocate(high, Layout(share + granule, 1));
  expect(heap.allocate(Layout(share + granule, 1)).at == high && heap.check() == Fault::none);
  heap.deallocate(high, Layout(share + granule, 1));
  heap.deallocate(next, Layout(share + granule, 1));
  expect(heap.allocate(Layout(2 * share, 1)).at + 2 * share == high + share + granule && heap.check() == Fault::none);
}

// When half is free again, memory is as it was before it got scarce: the stock is merged when it gets so again, and is
// there again although a request found no room.
void plenty_again(Subject& heap) {
  begin(heap);
  std::byte* at = nullptr;
  Layout layout(0, 1);
  std::byte* blocks[40];
  for (std::byte*& block : blocks) block = heap.allocate(Layout(64, 1)).at;
  for (const unsigned percent : {45u, 45u, 45u, 45u, 55u}) leave(heap, percent, at, layout);
  for (std::byte* const block : blocks) heap.deallocate(block, Layout(64, 1));
  expect(cached_in(heap) >= 40);
  for (unsigned calls = 0; calls < 8; ++calls) leave(heap, 47, at, layout);
  expect(cached_in(heap) == 0);
  leave(heap, 55, at, layout);
  expect(!heap.allocate(Layout(region_size, 1)));
  leave(heap, 55, at, layout);
  expect(stocks(heap));
}

// A heap with 200 blocks of 512 bytes in the stock and 30 of 3000 lent, where less than half is free, and the stock is
// about to be merged.
std::size_t begin_merging(Subject& heap, std::byte* (&lent)[30]) {
  begin(heap);
  const std::size_t all = bytes_of(picture_of(heap), ExtentKind::free);
  std::byte* blocks[200];
  for (std::byte*& block : blocks) block = heap.allocate(Layout(512, 1)).at;
  for (std::byte*& block : lent) block = heap.allocate(Layout(3000, 1)).at;
  for (std::byte* const block : blocks) heap.deallocate(block, Layout(512, 1));
  expect(heap.allocate(Layout(5000, 1)).at != nullptr && cached_in(heap) >= 200);  // more than half is free
  expect(heap.allocate(Layout(all / 10, 1)).at != nullptr && heap.allocate(Layout(80, 1)).at != nullptr);
  expect(cached_in(heap) > 150);
  return all;
}

// A few blocks with each call that the stock does not serve, be it one way or the other.
void merged_again(Subject& heap) {
  std::byte* lent[30];
  begin_merging(heap, lent);
  for (std::byte* const block : lent) heap.deallocate(block, Layout(3000, 1));
  expect(cached_in(heap) < 20 && heap.check() == Fault::none);
  begin_merging(heap, lent);
  for (std::byte*& block : lent) block = heap.allocate(Layout(2000, 1)).at;
  expect(cached_in(heap) < 20 && heap.check() == Fault::none);

  // Again when an eighth of what was free is lent, and not before.
  const Layout small(64, 1);
  const Layout other(1040, 1);
  expect(heap.allocate(Layout(region_size / 8, 1)).at != nullptr);
  expect(static_cast<bool>(heap.add({region_beyond(), 4096})));  // so it looks how much is free
  for (unsigned calls = 0; calls < 8; ++calls) expect(heap.allocate(other).at != nullptr);
  expect(cached_in(heap) == 0);
  heap.deallocate(heap.allocate(small).at, small);
  const std::size_t free = bytes_of(picture_of(heap), ExtentKind::free);
  const std::size_t cached = cached_in(heap);
  expect(cached != 0 && heap.allocate(Layout(free / 16, 1)).at != nullptr && heap.allocate(other).at != nullptr);
  heap.deallocate(lent[0], Layout(2000, 1));
  expect(cached_in(heap) >= cached);
  expect(heap.allocate(Layout(free / 8, 1)).at != nullptr && heap.allocate(other).at != nullptr);
  for (const unsigned index : {1u, 2u, 3u, 4u, 5u}) heap.deallocate(lent[index], Layout(2000, 1));
  expect(cached_in(heap) == 0);

  const std::size_t all = begin_merging(heap, lent);
  heap.reset();
  heap.deallocate(heap.allocate(small).at, small);
  expect(heap.allocate(Layout(3000, 1)).at != nullptr && cached_in(heap) == 1);
  heap.reset();
  const Block whole = heap.allocate(Layout(all, 1));
  expect(whole.size == all);
}

// Blocks that are not carved are kept as well, each by its size.
void larger_sizes(Subject& heap) {
  begin(heap);
  std::vector<Block> blocks;
  for (std::size_t size = 1040; size <= 1500; size += 8) blocks.push_back(heap.allocate(Layout(size, 1)));
  for (std::size_t index = 0; index < blocks.size(); ++index) {
    heap.deallocate(blocks[index].at, Layout(1040 + 8 * index, 1));
    expect(cached_in(heap) == index + 1);
  }
  expect(heap.check() == Fault::none);
  for (std::size_t index = 0; index < blocks.size(); ++index) {
    expect(heap.allocate(Layout(1040 + 8 * index, 1)).size == blocks[index].size);
  }
  expect(cached_in(heap) == 0 && heap.check() == Fault::none);
}

// A request that finds no room gives the stock back until it finds some; an aligned one all of it.
void no_room(Subject& heap) {
  for (const unsigned aligned : {0u, 1u}) {
    begin(heap);
    std::vector<std::byte*> blocks;
    while (blocks.size() < 100 || cached_in(heap) != 0) blocks.push_back(heap.allocate(Layout(64, 1)).at);
    const std::size_t free = picture_of(heap).back().size;
    for (std::byte* const block : blocks) heap.deallocate(block, Layout(64, 1));
    expect(cached_in(heap) == blocks.size());
    expect(static_cast<bool>(heap.allocate(Layout(free + 1, (1 + aligned) * heap.granule()))));
    expect(aligned != 0 ? cached_in(heap) == 0 : cached_in(heap) > 64 && cached_in(heap) < blocks.size());
    expect(heap.check() == Fault::none);
  }
}

// There is plenty, but in holes too small for a batch, and for one block.
void only_holes(Subject& heap) {
  begin(heap);
  const std::size_t granule = heap.granule();
  const Layout two(2 * granule, 1);
  while (const Block block = heap.allocate(two)) expect(heap.resize(block.at, two, granule));
  heap.trim();
  const Layout large(5000, 1);
  const auto free = bytes_of(picture_of(heap), ExtentKind::free);
  expect(!heap.allocate(Layout(1024, 1)) && heap.check() == Fault::none);
  expect(free > region_size / 3 && !heap.allocate(large) && heap.allocate(Layout(granule, 1)));
  heap.deallocate(heap.allocate(Layout(granule, 1)).at, Layout(granule, 1));
  expect(!heap.allocate(two) && heap.check() == Fault::none);
  expect(bytes_of(picture_of(heap), ExtentKind::free) == free - granule);
}

// What is added later makes room for a stock again.
void added(Subject& heap) {
  heap.renew();
  std::byte* const at = fresh_arena();
  expect(static_cast<bool>(heap.init({at, 32768}, {at, 400'000})));
  while (heap.allocate(Layout(512, 1))) continue;
  expect(!stocks(heap));
  expect(static_cast<bool>(heap.add({at + 65536, 200'000})));
  expect(stocks(heap) && heap.check() == Fault::none);
  // Where there is plenty, what is in the stock stays there.
  heap.deallocate(heap.allocate(Layout(64, 1)).at, Layout(64, 1));
  const std::size_t cached = cached_in(heap);
  expect(cached != 0 && heap.add({at + 300'000, 60'000}));
  expect(heap.allocate(Layout(3000, 1)).at != nullptr && cached_in(heap) == cached);
}

}  // namespace

void judge_stock(Subject& heap) {
  if (!heap.has_stock()) return the_first_hole_alone(heap);
  for (const unsigned size : {16u, 48u, 160u, 1024u}) batches(heap, size);
  what_is_stocked(heap);
  right_sizes(heap);
  wrong_sizes(heap);
  scarce(heap);
  carved_by_itself(heap);
  holes_in_order(heap);
  large_ones(heap);
  plenty_again(heap);
  merged_again(heap);
  larger_sizes(heap);
  no_room(heap);
  only_holes(heap);
  added(heap);
}

}  // namespace bareheap::mutation
