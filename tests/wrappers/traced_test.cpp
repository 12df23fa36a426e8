// SPDX-License-Identifier: MIT
#include "bareheap/wrappers/traced.hpp"

#include "bareheap/core/lock_policies.hpp"
#include "bareheap/engines/bump.hpp"
#include "bareheap/engines/hole_list.hpp"
#include "bareheap/parts/trace_reader.hpp"
#include "bareheap/wrappers/checked.hpp"
#include "bareheap/wrappers/locked.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

namespace bareheap {
namespace {

struct Memory {
  std::vector<std::byte> bytes;

  void write(const std::byte* from, std::size_t size) noexcept { bytes.insert(bytes.end(), from, from + size); }
};

struct Clocked : Memory {
  std::uint64_t time = 1'000'000;
  std::uint32_t caller = 0;

  std::uint64_t now() noexcept { return time; }
  std::uint32_t cpu() noexcept { return caller; }
};

static_assert(Allocator<Traced<Bump, Memory>> && Growable<Traced<HoleList, Memory>> && !Growable<Traced<Bump, Memory>>);
static_assert(Stocked<Traced<Checked<HoleList>, Memory>> && SelfSizing<Traced<Checked<HoleList>, Memory>>);
static_assert(Stepwise<Traced<HoleList, Memory>> && Allocator<Locked<Traced<HoleList, Memory>, NoLock>>);

template <class Heap>
std::vector<TraceEvent> events_of(Heap& heap, TraceFault fault = TraceFault::none) {
  TraceReader reader(heap.sink().bytes.data(), heap.sink().bytes.size());
  std::vector<TraceEvent> events;
  for (TraceEvent event; reader.next(event);) events.push_back(event);
  EXPECT_EQ(reader.fault(), fault);
  return events;
}

TEST(Traced, writes_down_the_calls_that_are_made_while_it_records) {
  const test::HostRegion memory(65536);
  Traced<HoleList, Memory> heap;
  ASSERT_TRUE(heap.init(memory.region()));
  const Block before = heap.allocate(Layout(100, 8));
  EXPECT_TRUE(heap.sink().bytes.empty());
  heap.start({.program = "kernel", .program_size = 6});
  const Block first = heap.allocate(Layout(10, 1));
  const Block second = heap.allocate(Layout(0, 4096));
  EXPECT_FALSE(heap.allocate(Layout(70000, 16)));
  EXPECT_TRUE(heap.resize(first.at, Layout(10, 1), 100));
  EXPECT_FALSE(heap.resize(first.at, Layout(100, 1), 70000));
  heap.deallocate(nullptr, Layout(1, 1));
  heap.deallocate(before.at, Layout(100, 8));
  heap.deallocate(second.at, Layout(0, 4096));
  heap.stop();
  const std::size_t size = heap.sink().bytes.size();
  heap.stop();
  heap.deallocate(first.at, Layout(100, 1));
  EXPECT_EQ(heap.sink().bytes.size(), size);
  const std::vector<TraceEvent> expected{
      {.name = address_of(first.at), .size = 10},
      {.alignment_log2 = 12, .name = address_of(second.at), .size = 0},
      {.refused = true, .alignment_log2 = 4, .size = 70000},
      {.call = TraceCall::resize, .name = address_of(first.at), .size = 100},
      {.call = TraceCall::resize, .refused = true, .name = address_of(first.at), .size = 70000},
      {.call = TraceCall::deallocate, .name = address_of(before.at)},
      {.call = TraceCall::deallocate, .name = address_of(second.at)}};
  EXPECT_EQ(events_of(heap), expected);
  EXPECT_EQ(heap.check(), Fault::none);
}

TEST(Traced, tells_time_since_the_start_and_the_cpu_where_the_sink_knows_them) {
  const test::HostRegion memory(4096);
  Traced<HoleList, Clocked> heap;
  ASSERT_TRUE(heap.init(memory.region()));
  heap.start({.ticks_per_second = 1000});
  heap.sink().time += 5;
  const Block block = heap.allocate(Layout(16, 16));
  heap.sink().time += 300;
  heap.sink().caller = 3;
  heap.deallocate(block.at, Layout(16, 16));
  heap.stop();
  const std::vector<TraceEvent> events = events_of(heap);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].time, 5u);
  EXPECT_EQ(events[0].cpu, 0u);
  EXPECT_EQ(events[1].time, 305u);
  EXPECT_EQ(events[1].cpu, 3u);
}

TEST(Traced, records_no_time_without_a_clock) {
  const test::HostRegion memory(4096);
  Traced<HoleList, Memory> heap;
  ASSERT_TRUE(heap.init(memory.region()));
  heap.start({.ticks_per_second = 1000});
  heap.stop();
  EXPECT_EQ(TraceReader(heap.sink().bytes.data(), heap.sink().bytes.size()).header().ticks_per_second, 0u);
}

template <class Heap>
[[gnu::noinline]] Block ask(Heap& heap) {
  const Block block = heap.allocate(Layout(16, 16));
  return {block.at, block.size};
}

TEST(Traced, tells_who_called) {
  const test::HostRegion memory(4096);
  Traced<HoleList, Memory> heap;
  ASSERT_TRUE(heap.init(memory.region()));
  heap.start({.callers = true});
  const Block block = ask(heap);
  ASSERT_TRUE(ask(heap));
  static_cast<void>(heap.allocate(Layout(16, 16), memory.start() + 5));
  heap.deallocate(block.at, Layout(16, 16));
  heap.stop();
  const std::vector<TraceEvent> events = events_of(heap);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_NE(events[0].caller, 0u);
  EXPECT_EQ(events[0].caller, events[1].caller);
  EXPECT_EQ(events[2].caller, address_of(memory.start() + 5));
  EXPECT_NE(events[3].caller, events[0].caller);
}

TEST(Traced, begins_anew_and_is_cut_off_until_it_is_stopped) {
  const test::HostRegion memory(65536);
  Traced<HoleList, Memory> heap;
  ASSERT_TRUE(heap.init(memory.region()));
  heap.start({});
  for (int count = 0; count < 400; ++count) ASSERT_TRUE(heap.allocate(Layout(16, 16)));
  const std::size_t chunks = events_of(heap, TraceFault::cut_off).size();
  EXPECT_TRUE(chunks > 200 && chunks < 400) << chunks;
  heap.sink().bytes.clear();
  heap.start({});
  ASSERT_TRUE(heap.allocate(Layout(17, 16)));
  heap.stop();
  EXPECT_EQ(events_of(heap).size(), 1u);
}

TEST(Traced, lends_what_the_heap_inside_would) {
  const test::HostRegion memory(65536);
  std::array<std::vector<std::size_t>, 2> lent;
  const auto walk = [&](auto& heap, std::vector<std::size_t>& offsets) {
    std::mt19937 random(1);
    std::vector<std::pair<std::byte*, Layout>> blocks;
    while (offsets.size() < 2000) {
      const Layout layout(random() % 2000, std::size_t{1} << random() % 8);
      if (const Block block = heap.allocate(layout)) blocks.emplace_back(block.at, layout);
      offsets.push_back(blocks.empty() ? 0 : static_cast<std::size_t>(blocks.back().first - memory.start()));
      if (blocks.size() < 2 || random() % 2 == 0) continue;
      std::swap(blocks[random() % blocks.size()], blocks.back());
      heap.deallocate(blocks.back().first, blocks.back().second);
      blocks.pop_back();
    }
  };
  HoleList plain;
  ASSERT_TRUE(plain.init(memory.region()));
  walk(plain, lent[0]);
  Traced<HoleList, Memory> traced;
  ASSERT_TRUE(traced.init(memory.region()));
  traced.start({});
  walk(traced, lent[1]);
  EXPECT_EQ(lent[0], lent[1]);
}

}  // namespace
}  // namespace bareheap
