// SPDX-License-Identifier: MIT
#include "bareheap/bareheap.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace bareheap {
namespace {

std::byte* at(std::size_t address) { return reinterpret_cast<std::byte*>(address); }

TEST(CheckedSize, remembers_every_overflow) {
  EXPECT_TRUE((CheckedSize(3) * 5 + 1).fits());
  EXPECT_EQ((CheckedSize(3) * 5 + 1).value(), 16u);
  EXPECT_FALSE((CheckedSize(size_limit) + 1).fits());
  EXPECT_FALSE((CheckedSize(size_limit / 2) * 3).fits());
  EXPECT_FALSE(((CheckedSize(size_limit) + 1) * 0).fits()) << "once lost, always lost";
  EXPECT_EQ((CheckedSize(size_limit) + 1).value(), size_limit);
}

TEST(CheckedSize, rounds_up_around_every_power_of_two) {
  for (std::size_t power = 1; power != 0; power *= 2) {
    EXPECT_EQ(CheckedSize(power).aligned_up(power).value(), power);
    EXPECT_EQ(CheckedSize(1).aligned_up(power).value(), power);
    EXPECT_EQ(CheckedSize(power - 1).aligned_up(power).value(), power == 1 ? 0 : power);
    EXPECT_EQ(CheckedSize(size_limit).aligned_up(power).fits(), power == 1);
  }
}

TEST(Bits, powers_of_two) {
  EXPECT_FALSE(is_power_of_two(0));
  for (std::size_t power = 1; power != 0; power *= 2) {
    EXPECT_TRUE(is_power_of_two(power));
    EXPECT_EQ(is_power_of_two(power + 1), power == 1);
  }
  EXPECT_EQ(align_down(4097, 4096), 4096u);
  EXPECT_TRUE(is_aligned(8192, 4096));
  EXPECT_FALSE(is_aligned(8200, 4096));
}

TEST(Layout, of_types_and_arrays) {
  EXPECT_EQ(Layout::of<std::uint64_t>(), Layout(8, alignof(std::uint64_t)));
  EXPECT_EQ(Layout::array_of<std::uint32_t>(35), Layout(140, 4));
  EXPECT_EQ(Layout::array_of<std::uint64_t>(size_limit / 4).size(), size_limit);
  EXPECT_EQ(Layout(10, 4).with_size(20), Layout(20, 4));
}

TEST(LayoutDeathTest, cannot_be_formed_with_an_alignment_that_is_no_power_of_two) {
  for (const std::size_t alignment : {0u, 3u, 6u, 24u, 4095u}) {
    const std::string sentence = "bareheap: an alignment must be a power of two: 8 bytes aligned to " +
                                 std::to_string(alignment) + ", called from 0x[0-9a-f]+";
    EXPECT_DEATH(Layout(8, alignment), sentence);
  }
}

TEST(Region, contains_and_overlaps) {
  const Region region{at(0x1000), 0x100};
  EXPECT_TRUE(region.contains(at(0x1000)));
  EXPECT_TRUE(region.contains(at(0x10ff)));
  EXPECT_FALSE(region.contains(at(0x1100)));
  EXPECT_FALSE(region.contains(at(0xfff)));
  EXPECT_FALSE(Region{}.contains(nullptr));
  EXPECT_TRUE(region.overlaps({at(0x10ff), 1}));
  EXPECT_TRUE(region.overlaps({at(0), 0x10000}));
  EXPECT_FALSE(region.overlaps({at(0x1100), 16}));
  EXPECT_FALSE(region.overlaps({at(0x1010), 0}));
}

TEST(Region, reversed_ends_are_no_endless_region) {
  EXPECT_EQ(Region::between(at(0x1000), at(0x2000)).size, 0x1000u);
  EXPECT_EQ(Region::between(at(0x1000), at(0x1000)).size, 0u);
  EXPECT_TRUE(Region::between(at(0x2000), at(0x1000)).wraps());
  EXPECT_TRUE(Region::between(at(0x2000), nullptr).wraps());
}

TEST(Region, is_trimmed_inward) {
  const Region trimmed = Region{at(0x1001), 0x3000}.trimmed(0x1000);
  EXPECT_EQ(trimmed.start, at(0x2000));
  EXPECT_EQ(trimmed.size, 0x2000u);
  EXPECT_EQ((Region{at(0x1001), 0x1ffe}.trimmed(0x1000).size), 0u);
  EXPECT_EQ((Region{at(0x1000), 0}.trimmed(1).size), 0u);
}

TEST(Region, never_lends_the_first_nor_the_last_byte_of_the_address_space) {
  const Region bottom = Region{nullptr, 0x3000}.trimmed(0x1000);
  EXPECT_EQ(bottom.start, at(0x1000));
  EXPECT_EQ(bottom.size, 0x2000u);
  const Region top{at(size_limit - 0x1fff), 0x2000};
  EXPECT_FALSE(top.wraps());
  EXPECT_EQ(top.trimmed(0x1000).size, 0x1000u);
  EXPECT_EQ(top.trimmed(0x1000).start, top.start);
  EXPECT_EQ((Region{at(size_limit - 0xfff), 0x1000}.trimmed(0x1000).size), 0u);
  EXPECT_TRUE((Region{at(size_limit - 0xfff), 0x1001}.wraps()));
}

TEST(Admission, says_why_and_what_is_lost) {
  EXPECT_EQ(admit({at(0x1000), 0}, 16, 16).fault, Fault::region_too_small);
  EXPECT_EQ(admit({at(0x1000), 15}, 16, 16).fault, Fault::region_too_small);
  EXPECT_EQ(admit(Region::between(at(0x2000), at(0x1000)), 16, 16).fault, Fault::region_wraps);
  const Admission admission = admit({at(0x1008), 64}, 16, 16);
  EXPECT_TRUE(admission);
  EXPECT_EQ(admission.lost, 16u);
  EXPECT_EQ(admission.taken.start, at(0x1010));
  EXPECT_EQ(admission.taken.size, 48u);
}

std::string printed(const FaultReport& report) {
  std::string line;
  print(report, [&](const char* characters, std::size_t size) { line.append(characters, size); });
  return line;
}

TEST(Fault, each_has_a_sentence_of_its_own) {
  std::set<std::string> sentences;
  for (unsigned number = 0; number <= static_cast<unsigned>(Fault::invariant_6); ++number) {
    EXPECT_TRUE(sentences.insert(sentence(static_cast<Fault>(number))).second) << number;
  }
  EXPECT_STREQ(sentence(static_cast<Fault>(255)), "the number of a fault is out of range");
}

TEST(Fault, is_printed_with_what_is_known_and_no_more) {
  EXPECT_EQ(printed({.fault = Fault::freed_twice, .address = at(0x90100), .caller = at(0x80a3c)}),
            "bareheap: freed a block that is free already: 0x90100, called from 0x80a3c\n");
  EXPECT_EQ(printed({.fault = Fault::out_of_memory, .size = 18446744073709551615u, .alignment = 16}),
            "bareheap: out of memory, and the program gave no way to go on: "
            "18446744073709551615 bytes aligned to 16\n");
  EXPECT_EQ(printed({.fault = Fault::out_of_memory, .size = 0, .alignment = 1}),
            "bareheap: out of memory, and the program gave no way to go on: 0 bytes aligned to 1\n");
}

TEST(FunctionRef, calls_what_it_refers_to) {
  int calls = 0;
  auto count = [&](int step) { return calls += step; };
  const FunctionRef<int(int)> reference = count;
  const FunctionRef<int(int)> copy = reference;
  EXPECT_EQ(reference(2), 2);
  EXPECT_EQ(copy(3), 5);
  EXPECT_EQ(calls, 5);
}

int twice(int number) noexcept { return 2 * number; }

TEST(FunctionRef, refers_to_a_function_by_its_name_too) {
  const FunctionRef<int(int)> by_name = twice;
  const FunctionRef<int(int)> by_address = &twice;
  EXPECT_EQ(by_name(2), 4);
  EXPECT_EQ(by_address(3), 6);
}

// What must not be an Allocator is not.
struct WithoutCheck : NullHeap {
  void check() const noexcept {}
};
struct Throwing : NullHeap {
  Block allocate(Layout) { return {}; }
};
static_assert(!Allocator<WithoutCheck> && !Allocator<Throwing> && !Allocator<int>);
static_assert(Growable<StoryPages> && !Growable<Bump> && !SelfSizing<StoryPages> && !Stocked<Bump>);

constinit NullHeap null_heap;
constinit Bump bump;
constinit HoleList hole_list;
constinit StoryPages story_pages;

template <class Heap>
void expect_refusing(Heap& heap) {
  EXPECT_FALSE(heap.allocate(Layout(1, 1)));
  EXPECT_FALSE(heap.allocate(Layout(0, 1)));
  EXPECT_FALSE(heap.owns(&heap));
  heap.deallocate(nullptr, Layout(1, 1));
  heap.walk([](const Extent&) { ADD_FAILURE() << "a heap without a region has no tiles"; });
  EXPECT_EQ(heap.check(), Fault::none);
}

TEST(Heaps, S2_01_exist_before_their_region_and_refuse_until_they_have_one) {
  expect_refusing(null_heap);
  expect_refusing(bump);
  expect_refusing(hole_list);
  expect_refusing(story_pages);
}

template <class Heap>
void expect_one_region_only() {
  const test::HostRegion memory(8192);
  Heap heap;
  ASSERT_TRUE(heap.init({memory.start(), 4096}));
  const Block before = heap.allocate(Layout(4, 4));
  const Admission second = heap.init({memory.start() + 4096, 4096});
  EXPECT_EQ(second.fault, Fault::initialised_twice);
  EXPECT_EQ(second.lost, 4096u);
  EXPECT_FALSE(heap.owns(memory.start() + 4096));
  EXPECT_EQ(heap.check(), Fault::none);
  heap.deallocate(before.at, Layout(4, 4));
}

TEST(Heaps, S2_20_a_second_init_is_refused_and_changes_nothing) {
  expect_one_region_only<Bump>();
  expect_one_region_only<HoleList>();
  expect_one_region_only<StoryPages>();
}

TEST(NullHeapDeathTest, S2_02_refuses_everything_and_stops_on_a_free) {
  NullHeap heap;
  EXPECT_EQ(heap.init({at(0x1000), 0x1000}).lost, 0x1000u);
  EXPECT_EQ(heap.init({at(0x1000), 0x1000}).fault, Fault::takes_no_region);
  expect_refusing(heap);
  EXPECT_DEATH(heap.deallocate(at(0x1000), Layout(1, 1)),
               "bareheap: freed an address that this heap has not lent: 0x1000, called from");
}

TEST(Version, is_one_version) {
  EXPECT_EQ(std::to_string(version_major) + "." + std::to_string(version_minor) + "." + std::to_string(version_patch),
            version_text);
}

}  // namespace
}  // namespace bareheap
