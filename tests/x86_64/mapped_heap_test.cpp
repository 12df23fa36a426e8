// SPDX-License-Identifier: MIT
#include "ports/x86_64/mapped_heap.hpp"

#include "bareheap/core/operations.hpp"
#include "bareheap/engines/hole_list.hpp"
#include "bareheap/engines/page_heap.hpp"
#include "x86_64/window.hpp"

#include <gtest/gtest.h>

namespace bareheap::x86_64 {
namespace {

using test::HostFrames;
using test::HostMapper;
using test::ProtectingMapper;
using test::Window;

constexpr std::size_t pages = 16;

/// So many frames are enough for the window and its tables, wherever it lies.
constexpr std::size_t plenty = pages + 6;

struct Machine {
  explicit Machine(std::size_t frame_count) : frames(frame_count) {}

  HostFrames frames;
  test::Root root;
  Window window{pages};
  ProtectingMapper mapper{root.start(), frames};
};

TEST(MappedHeap, S2_05_every_page_is_mapped_and_the_heap_works) {
  Machine machine(plenty);
  HoleList heap;
  ASSERT_EQ(init_heap(machine.mapper, machine.frames, heap, machine.window.region()), MappingFault::none);
  for (std::size_t i = 0; i < pages; ++i) {
    const auto frame = machine.mapper.translate(address_of(machine.window.start()) + i * page_size);
    ASSERT_TRUE(frame);
    EXPECT_TRUE(machine.frames.owns(reinterpret_cast<const std::byte*>(*frame)));
  }
  const Block block = heap.allocate(Layout(4, 4));
  EXPECT_EQ(block.at, machine.window.start());  // S2-08
  EXPECT_TRUE(heap.allocate(Layout(pages * page_size - 16, 16)));
}

TEST(MappedHeap, S2_05_where_frames_give_out_everything_is_as_before) {
  std::size_t needed = 0;
  for (; needed <= plenty; ++needed) {
    Machine machine(plenty);
    machine.frames.leave(needed);
    HoleList heap;
    const MappingFault fault = init_heap(machine.mapper, machine.frames, heap, machine.window.region());
    if (fault == MappingFault::none) break;
    EXPECT_EQ(fault, MappingFault::no_frame);
    EXPECT_EQ(machine.frames.left(), needed);
    EXPECT_TRUE(machine.root.is_empty());
    EXPECT_FALSE(heap.allocate(Layout(1, 1)));
    EXPECT_TRUE(heap.init(test::Window(1, true).region())) << "the heap has its region already";
  }
  EXPECT_GE(needed, pages + 3);
  EXPECT_LE(needed, plenty);
}

TEST(MappedHeap, A_window_in_use_is_refused) {
  for (std::size_t taken = 0; taken < pages; ++taken) {
    Machine machine(plenty + 1);
    const std::uintptr_t page = address_of(machine.window.start()) + taken * page_size;
    std::byte* const frame = machine.frames.take();
    ASSERT_EQ(machine.mapper.map(page, frame, {}), MapFault::none);
    const std::size_t left = machine.frames.left();
    HoleList heap;
    EXPECT_EQ(init_heap(machine.mapper, machine.frames, heap, machine.window.region()), MappingFault::window_in_use);
    EXPECT_EQ(machine.frames.left(), left);
    EXPECT_EQ(machine.mapper.translate(page), address_of(frame));
    machine.frames.leave(0);  // the reason is the same where there would be no frames either
    EXPECT_EQ(init_heap(machine.mapper, machine.frames, heap, machine.window.region()), MappingFault::window_in_use);
  }
}

TEST(MappedHeap, S2_20_a_heap_that_has_its_region_is_left_alone) {
  Machine machine(2 * plenty);
  HoleList heap;
  ASSERT_EQ(init_heap(machine.mapper, machine.frames, heap, machine.window.region()), MappingFault::none);
  const std::size_t left = machine.frames.left();
  const Window second(pages);
  EXPECT_EQ(init_heap(machine.mapper, machine.frames, heap, second.region()), MappingFault::heap_refused);
  EXPECT_EQ(machine.frames.left(), left);
  EXPECT_FALSE(machine.mapper.translate(address_of(second.start())));
  EXPECT_EQ(init_heap(machine.mapper, machine.frames, heap, machine.window.region()), MappingFault::window_in_use);
  EXPECT_TRUE(is_pristine(heap) && heap.check() == Fault::none);
}

TEST(MappedHeap, S2_05_the_pages_of_first_and_last_byte_are_mapped_too) {
  Machine machine(plenty);
  HoleList heap;
  std::byte* const start = machine.window.start() + page_size;
  ASSERT_EQ(init_heap(machine.mapper, machine.frames, heap, {start - 16, page_size + 32}), MappingFault::none);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(machine.mapper.translate(address_of(start) - page_size + i * page_size).has_value(), i < 3) << i;
  }
}

TEST(MappedHeap, Windows_that_cannot_be) {
  Machine machine(plenty);
  HoleList heap;
  const std::size_t left = machine.frames.left();
  const auto at = [](std::uintptr_t address) { return reinterpret_cast<std::byte*>(address); };
  for (const Region bad : {Region{at(heap_start), 0}, Region{at(heap_start), size_limit}, Region{at(size_limit), 1},
                           Region{at(0x7fffffffe000), 0x4000}, Region{at(0x800000000000), 0x1000}}) {
    EXPECT_EQ(init_heap(machine.mapper, machine.frames, heap, bad), MappingFault::bad_window);
    EXPECT_EQ(machine.frames.left(), left);
  }
}

TEST(MappedHeap, S2_07_where_it_lies) {
  EXPECT_EQ(address_of(heap_window().start), 0xc3710000U);
  EXPECT_EQ(heap_window().size, 65536U);
  EXPECT_EQ(pages_of(heap_window()).size, 16 * page_size);
}

TEST(MappingFault, Has_a_sentence_each) {
  for (int i = 0; i <= static_cast<int>(MappingFault::heap_refused); ++i) {
    EXPECT_STRNE(sentence(static_cast<MappingFault>(i)), "the number of a fault is out of range");
  }
}

}  // namespace
}  // namespace bareheap::x86_64
