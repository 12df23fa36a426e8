// SPDX-License-Identifier: MIT
// The loads of the bench are what they are said to be.
#include "loads.hpp"
#include "efficiency.hpp"

#include "bareheap/engines/hole_list.hpp"
#include "bareheap/engines/null_heap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace {

using namespace bareheap;
using namespace bareheap::bench;
using tools::Operation;
using tools::Trace;

const Load& load_named(const std::string& name) { return *std::ranges::find(loads(), name, &Load::name); }

Trace made(const std::string& name, std::uint64_t seed = 1) { return make_trace(load_named(name), seed); }

TEST(Loads, AreTheSameEachTimeAndOthersWithAnotherSeed) {
  for (const Load& load : loads()) {
    const Trace trace = make_trace(load, 1);
    EXPECT_EQ(trace.operations, make_trace(load, 1).operations) << load.name;
    EXPECT_NE(trace.operations, make_trace(load, 2).operations) << load.name;
  }
}

TEST(Loads, AreReadAsTheyWereWritten) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "bareheap_load.trace";
  for (const char* name : {"lifo", "growing_vectors", "aligned"}) {
    const Trace trace = made(name);
    save_trace(trace, file);
    const Trace read = tools::load_trace(file);
    EXPECT_EQ(read.operations, trace.operations) << name;
    EXPECT_EQ(read.slots, trace.slots) << name;
    EXPECT_EQ(read.program, name);
    EXPECT_EQ(tools::live_curve(read).back(), 0U) << name << " leaves blocks";
  }
  std::filesystem::remove(file);
}

/// The live blocks in the order of their allocation, while a trace is gone through.
void follow(const Trace& trace, auto visit) {
  std::vector<std::uint32_t> live;
  for (const Operation& operation : trace.operations) {
    visit(operation, live);
    if (operation.call == TraceCall::allocate) live.push_back(operation.slot);
    if (operation.call == TraceCall::deallocate) std::erase(live, operation.slot);
  }
}

TEST(Loads, RandomActionsKeepAThousandBlocksOfAllMagnitudes) {
  std::uint64_t largest = 0;
  std::uint64_t smallest = 1000;
  std::map<TraceCall, int> calls;
  int step = 0;
  follow(made("random_actions"), [&](const Operation& operation, const auto& live) {
    largest = std::max(largest, operation.size);
    smallest = std::min(smallest, operation.size);
    ++calls[operation.call];
    if (++step < 20'000 || step > 200'000) return;
    ASSERT_GT(live.size(), 700U);
    ASSERT_LT(live.size(), 1300U);
  });
  EXPECT_EQ(smallest, 1U);
  EXPECT_GT(largest, 60'000U);
  EXPECT_LT(largest, 65'536U);
  EXPECT_NEAR(calls[TraceCall::reallocate], 40'000, 1000);
}

TEST(Loads, FifoAndLifoFreeTheOldestAndTheYoungest) {
  int freed = 0;
  follow(made("fifo"), [&](const Operation& operation, const auto& live) {
    if (operation.call != TraceCall::deallocate || ++freed > 99'000) return;
    ASSERT_EQ(operation.slot, live.front());
  });
  freed = 0;
  const Trace lifo = made("lifo");
  follow(lifo, [&](const Operation& operation, const auto& live) {
    if (operation.call != TraceCall::deallocate || ++freed > 90'000) return;
    ASSERT_EQ(operation.slot, live.back());
  });
  EXPECT_GT(freed, 90'000);
}

TEST(Loads, VectorsDouble) {
  std::map<std::uint32_t, std::uint64_t> sizes;
  int doubled = 0;
  follow(made("growing_vectors"), [&](const Operation& operation, const auto&) {
    if (operation.call == TraceCall::reallocate) {
      ASSERT_EQ(operation.size, 2 * sizes[operation.slot]);
      ++doubled;
    }
    sizes[operation.slot] = operation.size;
  });
  EXPECT_GT(doubled, 10'000);
}

TEST(Loads, AlignedAsksForEveryAlignment) {
  std::set<std::size_t> alignments;
  for (const Operation& operation : made("aligned").operations) alignments.insert(operation.alignment());
  EXPECT_EQ(alignments, (std::set<std::size_t>{32, 64, 128, 256, 512, 1024, 2048, 4096}));
}

/// Runs operations on a HoleList.
class OnHoleList {
 public:
  explicit OnHoleList(const Trace& trace) : trace_(trace), blocks_(trace.slots) {
    EXPECT_TRUE(heap_.init({memory_.data(), memory_.size()}));
  }

  void run_until(std::size_t end) {
    for (; next_ < end; ++next_) {
      const Operation& operation = trace_.operations[next_];
      const Layout layout(operation.size, operation.alignment());
      std::byte*& block = blocks_[operation.slot];
      if (operation.call == TraceCall::allocate)
        block = heap_.allocate(layout).at;
      else
        heap_.deallocate(block, layout);
    }
  }

  /// Sizes of the holes, lowest first.
  std::vector<std::size_t> holes() const {
    std::vector<std::size_t> sizes;
    heap_.walk([&](const Extent& extent) {
      if (extent.kind == ExtentKind::free) sizes.push_back(extent.size);
    });
    return sizes;
  }

 private:
  const Trace& trace_;
  std::vector<std::byte> memory_{std::size_t{4} << 20};
  HoleList heap_;
  std::vector<std::byte*> blocks_;
  std::size_t next_ = 0;
};

constexpr std::size_t made_holes = 8000;
constexpr std::size_t until_made = 3 * made_holes;  // twice as many allocations, and the deallocations

TEST(Loads, EqualHolesAreThousandsAndAreFilledExactly) {
  const Trace trace = made("equal_holes");
  OnHoleList heap(trace);
  heap.run_until(until_made);
  std::vector<std::size_t> holes = heap.holes();
  ASSERT_EQ(holes.size(), made_holes + 1);
  holes.pop_back();  // what is left of the region
  EXPECT_EQ(std::ranges::count(holes, 64U), static_cast<std::ptrdiff_t>(made_holes));
  heap.run_until(until_made + made_holes);
  EXPECT_EQ(heap.holes().size(), 1U);
  heap.run_until(until_made + 2 * made_holes);
  EXPECT_EQ(heap.holes().size(), made_holes + 1);
}

TEST(Loads, HolesTooSmallAreNeverFilled) {
  const Trace trace = made("holes_too_small");
  OnHoleList heap(trace);
  heap.run_until(until_made);
  for (std::size_t turn = 0; turn < 20; ++turn) {
    heap.run_until(until_made + 20 * turn);
    ASSERT_EQ(std::ranges::count(heap.holes(), 64U), static_cast<std::ptrdiff_t>(made_holes));
  }
}

TEST(Efficiency, IsTheShareThatLivedAtTheFirstRefusal) {
  alignas(64) static std::byte memory[65536];
  const Region region{memory, sizeof memory};
  const double share = UntilRefused(1).run<HoleList>(region);
  EXPECT_EQ(share, UntilRefused(1).run<HoleList>(region));
  EXPECT_NE(share, UntilRefused(2).run<HoleList>(region));
  EXPECT_GT(share, 0.6);
  EXPECT_LT(share, 1.0);
  EXPECT_EQ(UntilRefused(1).run<NullHeap>(region), 0);
}

}  // namespace
