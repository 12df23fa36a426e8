// SPDX-License-Identifier: MIT
// The operations and figures that every heap has by the concept alone, on every engine.
#include "bareheap/core/operations.hpp"

#include "bareheap/bareheap.hpp"
#include "laws/auditor.hpp"
#include "laws/fixed.hpp"
#include "support/drawing.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace bareheap {
namespace {

constexpr std::size_t region_size = 256 * 1024;

template <class Heap>
class Operations : public testing::Test {
 protected:
  Operations() { EXPECT_TRUE(heap.init(memory.region())); }

  ~Operations() override { EXPECT_EQ(heap.check(), Fault::none); }

  Block filled(Layout asked, unsigned char fill) {
    const Block block = heap.allocate(asked);
    if (block) std::memset(block.at, fill, asked.size());
    return block;
  }

  test::HostRegion memory{region_size};
  Heap heap;
};
using Engines = testing::Types<Bump, HoleList, BasicHoleList<Carving::tail>, StoryPages>;
TYPED_TEST_SUITE(Operations, Engines);

bool holds(const std::byte* at, std::size_t size, unsigned char fill) {
  return std::all_of(at, at + size, [fill](std::byte value) { return value == std::byte{fill}; });
}

TYPED_TEST(Operations, S3_03_allocate_zeroed_zeroes_every_byte_that_is_granted) {
  for (const std::size_t size : {0u, 1u, 17u, 300u, 5000u}) {
    const Layout asked(size, 8);
    const Block used_before = this->filled(asked, 0x77);
    this->heap.deallocate(used_before.at, asked);
    const Block block = allocate_zeroed(this->heap, asked);
    ASSERT_TRUE(block);
    EXPECT_GE(block.size, size);
    EXPECT_TRUE(holds(block.at, block.size, 0)) << size;
    this->heap.deallocate(block.at, asked);
  }
}

TYPED_TEST(Operations, S3_03_allocate_zeroed_refuses_a_product_that_overflows) {
  const volatile std::size_t count = size_limit / 4;  // known, it would be the compiler that refuses
  EXPECT_FALSE(allocate_zeroed(this->heap, Layout::array_of<std::uint64_t>(count)));
  EXPECT_FALSE(allocate_zeroed(this->heap, Layout(region_size + 1, 1)));
  EXPECT_TRUE(is_pristine(this->heap));
}

TYPED_TEST(Operations, S3_03_reallocate_keeps_bytes_and_alignment_whether_it_moves_or_not) {
  const std::size_t sizes[] = {1, 40, 300, 5000, 9000, 8193, 257, 15, 0, 1};
  Layout layout(24, 64);
  Block block = this->filled(layout, 0x3C);
  for (const std::size_t size : sizes) {
    const Block neighbour = this->filled(Layout(8, 8), 0x11);
    const std::size_t kept = std::min(size, layout.size());
    block = reallocate(this->heap, block.at, layout, size);
    layout = layout.with_size(size);
    ASSERT_TRUE(block) << size;
    EXPECT_GE(block.size, size);
    EXPECT_TRUE(is_aligned(address_of(block.at), 64)) << size;
    EXPECT_TRUE(holds(block.at, kept, 0x3C)) << size;
    std::memset(block.at, 0x3C, block.size);
    EXPECT_TRUE(holds(neighbour.at, 8, 0x11)) << size;
    this->heap.deallocate(neighbour.at, Layout(8, 8));
  }
  this->heap.deallocate(block.at, layout);
  EXPECT_TRUE(is_pristine(this->heap));
}

TYPED_TEST(Operations, S3_03_after_a_refused_reallocate_the_old_block_is_untouched) {
  const Layout layout(100, 32);
  const Block block = this->filled(layout, 0x5E);
  const Block neighbour = this->filled(Layout(16, 16), 0x11);
  for (const std::size_t size : {region_size, size_limit / 2, size_limit - 15, size_limit}) {
    const std::size_t free_before = statistics_of(this->heap).free_bytes;
    EXPECT_FALSE(reallocate(this->heap, block.at, layout, size)) << size;
    EXPECT_EQ(statistics_of(this->heap).free_bytes, free_before);
    EXPECT_TRUE(holds(block.at, 100, 0x5E));
  }
  this->heap.deallocate(neighbour.at, Layout(16, 16));
  this->heap.deallocate(block.at, layout);
  EXPECT_TRUE(is_pristine(this->heap));
}

TYPED_TEST(Operations, S3_03_reallocate_of_nothing_allocates) {
  const Block block = reallocate(this->heap, nullptr, Layout(0, 128), 200);
  ASSERT_TRUE(block);
  EXPECT_TRUE(is_aligned(address_of(block.at), 128));
  EXPECT_FALSE(is_pristine(this->heap));
  this->heap.deallocate(block.at, Layout(200, 128));
  EXPECT_FALSE(reallocate(this->heap, nullptr, Layout(0, 1), size_limit));
}

TYPED_TEST(Operations, S3_03_reallocate_against_a_model) {
  laws::Dice dice(7);
  struct Live {
    Block block;
    Layout layout{0, 1};
    unsigned char fill = 0;
  };
  std::vector<Live> live(12);
  for (unsigned step = 0; step < 2000; ++step) {
    Live& one = live[dice.below(live.size())];
    if (one.block.at == nullptr) one.layout = Layout(0, std::size_t{1} << dice.below(8));
    const std::size_t size = dice.below(step % 5 == 0 ? 20000 : 300);
    const Block moved = reallocate(this->heap, one.block.at, one.layout, size);
    const std::size_t kept = moved ? std::min(size, one.layout.size()) : one.layout.size();
    const std::byte* const now = moved ? moved.at : one.block.at;
    ASSERT_TRUE(now == nullptr || holds(now, one.block ? kept : 0, one.fill)) << step;
    if (!moved) continue;
    ASSERT_TRUE(is_aligned(address_of(moved.at), one.layout.alignment()));
    one = {moved, one.layout.with_size(size), static_cast<unsigned char>(step)};
    std::memset(moved.at, one.fill, moved.size);
    if (step % 3 != 0) continue;
    this->heap.deallocate(moved.at, one.layout);
    one = {};
  }
  for (const Live& one : live) this->heap.deallocate(one.block.at, one.layout);
  EXPECT_TRUE(is_pristine(this->heap));
}

TYPED_TEST(Operations, S3_13_asking_whether_there_is_room_takes_none) {
  EXPECT_TRUE(is_pristine(this->heap));
  for (const std::size_t size : {0u, 1u, 100u, 5000u, 20000u}) {
    EXPECT_TRUE(can_allocate(this->heap, Layout(size, 8))) << size;
    const std::size_t good = good_size(this->heap, Layout(size, 8));
    EXPECT_GE(good, size);
    const Block block = this->heap.allocate(Layout(size, 8));
    EXPECT_EQ(block.size, good) << size;
    this->heap.deallocate(block.at, Layout(good, 8));
  }
  EXPECT_TRUE(is_pristine(this->heap));
  EXPECT_FALSE(can_allocate(this->heap, Layout(region_size + 1, 1)));
  EXPECT_FALSE(can_allocate(this->heap, Layout(size_limit, 1)));
  EXPECT_EQ(good_size(this->heap, Layout(size_limit, 1)), 0u);
  EXPECT_TRUE(is_pristine(this->heap));
}

TEST(Asking, S3_13_changes_nothing_in_the_picture_of_a_heap_that_merges) {
  const test::HostRegion memory(4096);
  HoleList heap;
  ASSERT_TRUE(heap.init(memory.region()));
  const Block block = heap.allocate(Layout(64, 16));
  const laws::Picture before = laws::picture_of(heap);
  for (std::size_t size = 0; size < 5000; size += 61) {
    EXPECT_EQ(can_allocate(heap, Layout(size, 32)), size <= 4096 - 64);
    EXPECT_EQ(laws::picture_of(heap), before);
  }
  EXPECT_EQ(largest_free(heap), 4096u - 64);
  heap.deallocate(block.at, Layout(64, 16));
}

TEST(Asking, S3_13_a_Bump_that_holds_blocks_loses_little_by_being_asked) {
  const test::HostRegion memory(4096);
  Bump heap;
  ASSERT_TRUE(heap.init(memory.region()));
  const Block block = heap.allocate(Layout(16, 16));
  for (unsigned times = 0; times < 10; ++times) EXPECT_TRUE(can_allocate(heap, Layout(3000, 16)));
  EXPECT_GE(largest_free(heap), 4096u - 16 - 10 * 16);
  heap.deallocate(block.at, Layout(16, 16));
}

/// Shows the tiles that it is given.
struct Painted : NullHeap {
  void walk(ExtentSink sink) const noexcept {
    for (const Extent& extent : tiles) sink(extent);
  }
  std::vector<Extent> tiles;
};

std::byte* at(std::size_t address) { return reinterpret_cast<std::byte*>(address); }

Painted painted() {
  Painted heap;
  heap.tiles = {{at(0x1000), 64, ExtentKind::meta},    {at(0x1040), 100, ExtentKind::free},
                {at(0x10a4), 28, ExtentKind::cached},  {at(0x10c0), 64, ExtentKind::used},
                {at(0x1100), 120, ExtentKind::free},   {at(0x3000), 16, ExtentKind::free},
                {at(0x3010), 32, ExtentKind::used}};
  return heap;
}

std::string written(const auto& print, const Statistics& figures) {
  std::string text;
  print(figures, [&](const char* characters, std::size_t size) { text.append(characters, size); });
  return text;
}

TEST(StatisticsOf, S3_13_counts_what_the_picture_shows) {
  const Statistics figures = statistics_of(painted());
  EXPECT_EQ(figures, (Statistics{.free_bytes = 264, .used_bytes = 96, .meta_bytes = 64, .largest_free = 128,
                                 .used_tiles = 2, .free_tiles = 4, .holes = 3}));
  EXPECT_EQ(figures.total_bytes(), 424u);
  EXPECT_EQ(fragmentation_of(figures).permille, 515u);
  EXPECT_EQ(fragmentation_of(figures).holes, 3u);
  EXPECT_EQ(fragmentation_of(figures).largest_free, 128u) << "free and cached tiles that touch";
}

TEST(StatisticsOf, S3_13_fragmentation_of_no_memory_and_of_all_memory) {
  EXPECT_EQ(fragmentation_of({}).permille, 0u);
  EXPECT_EQ(fragmentation_of({.free_bytes = 1, .largest_free = 1, .holes = 1}).permille, 0u);
  const Statistics huge{.free_bytes = size_limit, .largest_free = size_limit / 2 + 1, .holes = 2};
  EXPECT_EQ(fragmentation_of(huge).permille, 500u);
  EXPECT_EQ(fragmentation_of({.free_bytes = 1000, .largest_free = 1, .holes = 1000}).permille, 999u);
}

TEST(StatisticsOf, S3_13_are_printed_for_a_person_and_for_a_program) {
  const auto text = [](const Statistics& figures, TextSink sink) { print_text(figures, sink); };
  const auto json = [](const Statistics& figures, TextSink sink) { print_json(figures, sink); };
  const Statistics figures = statistics_of(painted());
  EXPECT_EQ(written(text, figures),
            "used 96 of 424 bytes, in 2 tiles\nfree 264 bytes in 3 holes, the largest 128\nmeta 64 bytes\n"
            "fragmentation 515 permille\n");
  EXPECT_EQ(written(text, {.free_bytes = 16, .used_bytes = 16, .largest_free = 16, .used_tiles = 1, .holes = 1}),
            "used 16 of 32 bytes, in 1 tile\nfree 16 bytes in 1 hole, the largest 16\nmeta 0 bytes\n"
            "fragmentation 0 permille\n");
  EXPECT_EQ(written(json, figures),
            "{\"total_bytes\":424,\"used_bytes\":96,\"free_bytes\":264,\"meta_bytes\":64,\"largest_free\":128,"
            "\"used_tiles\":2,\"free_tiles\":4,\"holes\":3,\"fragmentation_permille\":515}\n");
}

TEST(StatisticsOf, S3_13_explain_why_a_request_is_refused_though_enough_is_free) {
  const test::HostRegion memory(4096);
  HoleList heap;
  ASSERT_TRUE(heap.init(memory.region()));
  std::vector<Block> blocks;
  while (const Block block = heap.allocate(Layout(256, 16))) blocks.push_back(block);
  for (std::size_t index = 0; index < blocks.size(); index += 2) heap.deallocate(blocks[index].at, Layout(256, 16));
  EXPECT_FALSE(can_allocate(heap, Layout(512, 16)));
  const Statistics figures = statistics_of(heap);
  EXPECT_EQ(figures.free_bytes, 2048u);
  EXPECT_EQ(figures.holes, 8u);
  EXPECT_EQ(figures.largest_free, 256u);
  EXPECT_EQ(fragmentation_of(figures).permille, 875u);
}

}  // namespace
}  // namespace bareheap
