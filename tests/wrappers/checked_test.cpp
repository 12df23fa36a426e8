// SPDX-License-Identifier: MIT
#include "bareheap/wrappers/checked.hpp"

#include "bareheap/engines/bump.hpp"
#include "bareheap/engines/hole_list.hpp"
#include "bareheap/engines/story_pages.hpp"
#include "bareheap/wrappers/fallback.hpp"
#include "support/drawing.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace bareheap {
namespace {

using Heap = Checked<HoleList, 4>;
static_assert(SelfSizing<Heap> && Stocked<Heap> && Growable<Heap> && SelfSizing<Checked<Bump, 0>>);

constinit Heap checked;

const std::string place = ": 0x[0-9a-f]+, called from 0x[0-9a-f]+\n";
const std::string never_lent = "bareheap: freed an address that this heap has not lent" + place;
const std::string freed_twice = "bareheap: freed a block that is free already" + place;
const std::string wrong_layout =
    "bareheap: freed a block with another size or alignment than it was asked with" + place;
const std::string overflow = "bareheap: the bytes behind a block were overwritten" + place;
const std::string underflow = "bareheap: the bytes in front of a block were overwritten" + place;
const std::string torn = "bareheap: the list of live blocks is torn" + place;
const std::string written = "bareheap: a block was written to after it was freed" + place;

struct CheckedTest : testing::Test {
  CheckedTest() { EXPECT_TRUE(heap.init(memory.region())); }

  const test::HostRegion memory{4096};
  Heap heap;
  const Layout asked{100, 8};
};
using CheckedDeathTest = CheckedTest;

TEST_F(CheckedTest, lends_poison_and_takes_back_to_poison) {
  EXPECT_FALSE(checked.allocate(Layout(1, 1)));
  EXPECT_EQ(checked.check(), Fault::none);
  const Block block = heap.allocate(asked);
  EXPECT_EQ(block.size, 100u);
  EXPECT_EQ(block.at, memory.start() + 64);
  EXPECT_EQ(block.at[0], std::byte{Heap::fresh_fill});
  EXPECT_EQ(block.at[99], std::byte{Heap::fresh_fill});
  EXPECT_EQ(block.at[100], std::byte{Heap::red_fill});
  EXPECT_EQ(block.at[-1], std::byte{Heap::red_fill});
  heap.deallocate(block.at, asked);
  EXPECT_EQ(block.at[0], std::byte{Heap::freed_fill});
  EXPECT_EQ(block.at[99], std::byte{Heap::freed_fill});
}

TEST_F(CheckedTest, knows_its_blocks) {
  const Block block = heap.allocate(Layout(33, 256));
  EXPECT_TRUE(is_aligned(address_of(block.at), 256));
  EXPECT_EQ(heap.size_of(block.at), 33u);
  EXPECT_EQ(heap.layout_of(block.at), Layout(33, 256));
  EXPECT_DEATH(heap.deallocate(block.at, Layout(33, 1)), wrong_layout);
  heap.deallocate(block.at, Layout(33, __STDCPP_DEFAULT_NEW_ALIGNMENT__));
}

TEST_F(CheckedTest, the_quarantine_is_first_in_first_out_and_trim_empties_it) {
  std::byte* blocks[5];
  for (std::byte*& at : blocks) at = heap.allocate(Layout(16, 16)).at;
  EXPECT_EQ(test::drawing_of(heap, 96).substr(0, 6), "#####.");  // tiles: one used of 5 * 96 bytes
  heap.deallocate(blocks[1], Layout(16, 16));
  heap.deallocate(blocks[0], Layout(16, 16));
  heap.deallocate(blocks[3], Layout(16, 16));
  heap.deallocate(blocks[4], Layout(16, 16));
  EXPECT_EQ(test::drawing_of(heap, 96).substr(0, 6), "cc#cc.");
  heap.deallocate(blocks[2], Layout(16, 16));
  EXPECT_EQ(test::drawing_of(heap, 96).substr(0, 6), "c.ccc.") << "the oldest has left";
  EXPECT_EQ(heap.allocate(Layout(16, 16)).at, blocks[1]);
  heap.deallocate(blocks[1], Layout(16, 16));
  heap.trim();
  EXPECT_EQ(test::drawing_of(heap, 4096), ".");
}

TEST_F(CheckedTest, no_room_is_not_made_up_while_the_quarantine_holds_it) {
  const Block most = heap.allocate(Layout(4000, 16));
  ASSERT_TRUE(most);
  EXPECT_FALSE(heap.allocate(Layout(1, 1)));
  heap.deallocate(most.at, Layout(4000, 16));
  EXPECT_EQ(heap.allocate(Layout(4000, 16)).at, most.at);
  EXPECT_FALSE(heap.allocate(Layout(size_limit, 16)));
  EXPECT_FALSE(heap.allocate(Layout(size_limit - 100, size_limit / 4 + 1)));
}

TEST_F(CheckedTest, resizes_move_the_red_zone) {
  const Block block = heap.allocate(asked);
  EXPECT_TRUE(heap.resize(block.at, asked, 10));
  EXPECT_EQ(block.at[10], std::byte{Heap::red_fill});
  EXPECT_TRUE(heap.resize(block.at, asked.with_size(10), 500));
  EXPECT_EQ(block.at[10], std::byte{Heap::fresh_fill});
  EXPECT_EQ(block.at[499], std::byte{Heap::fresh_fill});
  EXPECT_EQ(block.at[500], std::byte{Heap::red_fill});
  EXPECT_FALSE(heap.resize(block.at, asked.with_size(500), 4096));
  EXPECT_FALSE(heap.resize(block.at, asked.with_size(500), size_limit));
  EXPECT_EQ(heap.layout_of(block.at), asked.with_size(500));
  EXPECT_EQ(heap.check(), Fault::none);
  heap.deallocate(block.at, asked.with_size(500));
}

TEST_F(CheckedDeathTest, finds_writes_behind_a_block) {
  for (const std::size_t beyond : {1u, 8u, 16u, 27u}) {
    const Block block = heap.allocate(asked);
    std::memset(block.at + 100 + beyond - 1, 0, 1);
    EXPECT_EQ(heap.check(), Fault::overflow) << beyond;
    EXPECT_DEATH(heap.deallocate(block.at, asked), overflow);
    EXPECT_DEATH(static_cast<void>(heap.resize(block.at, asked, 8)), overflow);
    std::memset(block.at + 100 + beyond - 1, Heap::red_fill, 1);
    heap.deallocate(block.at, asked);
  }
  const Block empty = heap.allocate(Layout(0, 1));
  *empty.at = std::byte{0};
  EXPECT_DEATH(heap.deallocate(empty.at, Layout(0, 1)), overflow);
}

// Every byte of the red zone and of the header is changed in turn, each bit.
TEST_F(CheckedDeathTest, finds_writes_in_front_of_a_block) {
  const Block before = heap.allocate(asked);
  const Block block = heap.allocate(asked);
  const Block after = heap.allocate(asked);
  constexpr std::ptrdiff_t end_of_links = -64 + 2 * static_cast<std::ptrdiff_t>(sizeof(void*));
  for (std::ptrdiff_t offset = -64; offset != 0; ++offset) {
    for (int bit = 0; bit < 8; ++bit) {
      block.at[offset] ^= std::byte(1 << bit);
      const Fault fault = heap.check();
      EXPECT_TRUE(fault == Fault::underflow || fault == Fault::live_list_torn) << offset << " bit " << bit;
      block.at[offset] ^= std::byte(1 << bit);
    }
    block.at[offset] ^= std::byte{0x40};
    EXPECT_DEATH(heap.deallocate(block.at, asked), offset < end_of_links ? torn : underflow) << offset;
    block.at[offset] ^= std::byte{0x40};
  }
  EXPECT_EQ(heap.check(), Fault::none);
  for (const Block& each : {block, before, after}) heap.deallocate(each.at, asked);
}

TEST_F(CheckedDeathTest, finds_a_large_overflow_at_the_block_and_at_its_neighbour) {
  const Block block = heap.allocate(asked);
  const Block neighbour = heap.allocate(asked);
  std::memset(block.at + 100, 'x', 80);
  EXPECT_NE(heap.check(), Fault::none);
  EXPECT_DEATH(heap.deallocate(block.at, asked), overflow);
  EXPECT_DEATH(heap.deallocate(neighbour.at, asked), underflow);
}

TEST_F(CheckedDeathTest, finds_writes_after_the_free) {
  for (const std::size_t offset : {0u, 8u, 50u, 99u}) {
    const Block block = heap.allocate(asked);
    heap.deallocate(block.at, asked);
    block.at[offset] = std::byte{1};
    EXPECT_EQ(heap.check(), Fault::written_after_free) << offset;
    EXPECT_DEATH(heap.trim(), written);
    EXPECT_DEATH(static_cast<void>(heap.allocate(Layout(5000, 1))), written) << "before there is no room";
    block.at[offset] = std::byte{Heap::freed_fill};
    heap.trim();
  }
}

TEST_F(CheckedDeathTest, finds_a_write_after_the_free_when_the_block_leaves_the_quarantine) {
  std::byte* blocks[5];
  for (std::byte*& at : blocks) at = heap.allocate(asked).at;
  for (int index = 0; index < 4; ++index) heap.deallocate(blocks[index], asked);
  blocks[0][7] = std::byte{1};
  EXPECT_DEATH(heap.deallocate(blocks[4], asked), written);
}

TEST_F(CheckedDeathTest, catches_double_frees_while_the_block_is_in_quarantine) {
  const Block block = heap.allocate(asked);
  heap.deallocate(block.at, asked);
  EXPECT_DEATH(heap.deallocate(block.at, asked), freed_twice);
  for (int other = 0; other < 3; ++other) heap.deallocate(heap.allocate(asked).at, asked);
  std::memset(block.at - 64, 0, 64);
  EXPECT_DEATH(heap.deallocate(block.at, asked), freed_twice) << "with its words overwritten in between";
  std::memset(block.at - 64, Heap::freed_fill, 64);
  heap.trim();
  EXPECT_DEATH(heap.deallocate(block.at, asked), never_lent) << "out of quarantine";
}

TEST_F(CheckedDeathTest, catches_wrong_layouts_and_foreign_addresses) {
  const Block block = heap.allocate(asked);
  for (const Layout wrong : {Layout(99, 8), Layout(101, 8), Layout(0, 8), Layout(100, 32), Layout(100, 4)}) {
    EXPECT_DEATH(heap.deallocate(block.at, wrong), wrong_layout);
    EXPECT_DEATH(static_cast<void>(heap.resize(block.at, wrong, 1)), wrong_layout);
  }
  int on_the_stack = 0;
  std::byte* const elsewhere = reinterpret_cast<std::byte*>(&on_the_stack);
  for (std::byte* const at : {block.at + 1, block.at + 8, block.at + 16, block.at + 32, block.at - 8, block.at - 64,
                              memory.start(), memory.start() + 4096, elsewhere, elsewhere + 1}) {
    EXPECT_DEATH(heap.deallocate(at, asked), never_lent);
  }
  EXPECT_DEATH(static_cast<void>(heap.size_of(block.at + 8)), never_lent);
}

// They write to the block, so that the call is not the last thing they do: else it would be a jump, and leave no trace.
[[gnu::noinline]] Block asked_here(Heap& heap) {
  const Block block = heap.allocate(Layout(1, 1));
  *block.at = std::byte{1};
  return block;
}

[[gnu::noinline]] Block asked_there(Heap& heap) {
  const Block block = heap.allocate(Layout(2, 1));
  *block.at = std::byte{2};
  return block;
}

TEST_F(CheckedTest, lists_what_was_not_given_back_by_caller) {
  const Block here = asked_here(heap);
  const Block there = asked_there(heap);
  const Block here_too = asked_here(heap);
  const Block freed = asked_there(heap);
  heap.deallocate(freed.at, Layout(2, 1));
  const Block for_somebody = heap.allocate(Layout(3, 2), &here);
  std::vector<LentBlock> leaks;
  heap.for_each_leak([&](const LentBlock& leak) { leaks.push_back(leak); });
  ASSERT_EQ(leaks.size(), 4u);
  EXPECT_EQ(leaks[0].at, for_somebody.at);
  EXPECT_EQ(leaks[0].asked, Layout(3, 2));
  EXPECT_EQ(leaks[0].caller, &here);
  EXPECT_EQ(leaks[1].at, here_too.at);
  EXPECT_EQ(leaks[2].at, there.at);
  EXPECT_EQ(leaks[3].at, here.at);
  EXPECT_EQ(leaks[1].caller, leaks[3].caller);
  EXPECT_NE(leaks[1].caller, leaks[2].caller);
  EXPECT_NE(leaks[1].caller, nullptr);
}

TEST_F(CheckedTest, check_notices_a_list_that_does_not_have_all_blocks) {
  const Block first = heap.allocate(asked);
  const Block second = heap.allocate(asked);
  std::byte* const link = second.at - 64;  // the first word of the newest header
  std::byte* header_of_first = first.at - 64;
  std::byte* const nowhere = nullptr;
  ASSERT_EQ(std::memcmp(link, &header_of_first, sizeof header_of_first), 0);
  std::memcpy(link, &nowhere, sizeof nowhere);
  EXPECT_EQ(heap.check(), Fault::live_list_torn);
  std::byte* const itself = second.at - 64;
  std::memcpy(link, &itself, sizeof itself);
  EXPECT_EQ(heap.check(), Fault::live_list_torn) << "a ring";
}

TEST(CheckedQuarantine, of_none_gives_back_at_once) {
  const test::HostRegion memory(4096);
  Checked<Bump, 0> heap;
  ASSERT_TRUE(heap.init(memory.region()));
  heap.deallocate(heap.allocate(Layout(8, 8)).at, Layout(8, 8));
  EXPECT_EQ(test::drawing_of(heap, 4096), ".");
  heap.trim();
}

// Runs of pages are shown page by page; a run in quarantine is cached on each.
TEST(CheckedQuarantine, is_shown_in_every_tile_that_it_touches) {
  const test::HostRegion memory(8 * 4096);
  Checked<StoryPages, 2> heap;
  ASSERT_TRUE(heap.init(memory.region()));
  const Block run = heap.allocate(Layout(3 * 4096, 8));
  EXPECT_EQ(test::drawing_of(heap, 4096), "####....");
  heap.deallocate(run.at, Layout(3 * 4096, 8));
  EXPECT_EQ(test::drawing_of(heap, 4096), "cccc....");
  heap.trim();
  EXPECT_EQ(test::drawing_of(heap, 4096), "........");
}

TEST(CheckedQuarantine, tells_the_lowest_of_it_in_a_stretch_wherever_that_begins_and_ends) {
  std::byte memory[64];
  const auto part = [&memory](std::size_t from, std::size_t to) {
    return Extent{memory + from, to - from, ExtentKind::cached};
  };
  Quarantine<Ring<FreedBlock, 3>> quarantine;
  for (const std::size_t first : {40u, 8u, 56u}) quarantine.push({memory + first, memory + first, Layout(8, 1)});
  EXPECT_EQ(quarantine.next_in(memory, memory + 64), part(8, 16));
  EXPECT_EQ(quarantine.next_in(memory + 12, memory + 64), part(12, 16));
  EXPECT_EQ(quarantine.next_in(memory + 16, memory + 64), part(40, 48));
  EXPECT_EQ(quarantine.next_in(memory + 16, memory + 44), part(40, 44));
  EXPECT_EQ(quarantine.next_in(memory + 16, memory + 40), part(40, 40));
}

// Fallback shows one heap's regions and then the other's.
TEST(CheckedWalk, shows_regions_that_are_not_in_order) {
  const test::HostRegion memory(4096);
  Checked<Fallback<Bump, HoleList>, 0> heap;
  ASSERT_TRUE(heap.init({memory.start() + 1024, 1024}));
  ASSERT_TRUE(heap.add({memory.start(), 1024}));
  ASSERT_TRUE(heap.add({memory.start() + 2048, 1024}));
  std::size_t shown = 0;
  heap.walk([&shown](const Extent& tile) { shown += tile.size; });
  EXPECT_EQ(shown, 3072U);
}

}  // namespace
}  // namespace bareheap
