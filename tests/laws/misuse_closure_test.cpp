// SPDX-License-Identifier: MIT
//
// The misuse closure: in every state that a tiny heap can reach, every address in and around the heap is freed, with right
// and with wrong sizes, and every bit of the nodes in free memory is flipped. What is not stopped is counted; a stop must
// have changed nothing.
#include "bareheap/bareheap.hpp"
#include "laws/closure.hpp"

#include <gtest/gtest.h>

#include <csetjmp>
#include <cstdio>
#include <functional>
#include <vector>

namespace {

// The way back from panic(), which must not return to the heap.
std::jmp_buf after_stop;

}  // namespace

namespace bareheap {

void panic(const FaultReport&) noexcept { std::longjmp(after_stop, 1); }

}  // namespace bareheap

namespace bareheap::laws {
namespace {

struct Count {
  std::size_t wrong_frees = 0;
  std::size_t stopped = 0;
  std::size_t found_by_check = 0;
  std::size_t unnoticed = 0;
  std::size_t changed_by_a_stop = 0;
  std::size_t flips = 0;
  std::size_t flips_unnoticed = 0;
};

constexpr std::size_t around = 64;
alignas(4096) std::byte memory[2 * 4096];

template <class Heap>
bool stops(Heap& heap, std::byte* at, Layout layout) {
  if (setjmp(after_stop) != 0) return true;
  heap.deallocate(at, layout);
  return false;
}

template <class Heap>
class Misuse {
 public:
  /// `node_size`: how many bytes at the start of each free tile are the heap's.
  Misuse(Region region, std::span<const Layout> layouts, std::size_t node_size)
      : region_(region), layouts_(layouts), node_size_(node_size) {}

  const Count& count() const { return count_; }

  template <class Judge, class PutBack>
  void operator()(Heap& heap, const Judge& judge, PutBack put_back) {
    for (std::byte* at = region_.start - around; at != region_.end() + around; ++at) {
      for (const Layout& layout : layouts_) {
        if (!is_right(judge, at, layout)) free_wrongly(heap, at, layout, put_back);
      }
    }
    flip_nodes(heap, put_back);
  }

 private:
  /// Law: every size from the one asked to the one granted is right, with the alignment asked.
  template <class Judge>
  static bool is_right(const Judge& judge, const std::byte* at, Layout layout) {
    for (std::size_t index = 0; index < judge.live(); ++index) {
      const LiveBlock& block = judge.block(index);
      const bool enough = layout.size() >= block.layout.size() && layout.size() <= block.granted;
      if (block.at == at && enough && layout.alignment() == block.layout.alignment()) return true;
    }
    return false;
  }

  template <class PutBack>
  void free_wrongly(Heap& heap, std::byte* at, Layout layout, PutBack put_back) {
    const Heap before = heap;
    const std::string bytes = held();
    ++count_.wrong_frees;
    if (stops(heap, at, layout)) {
      ++count_.stopped;
      count_.changed_by_a_stop += std::memcmp(&before, &heap, sizeof heap) != 0 || bytes != held();
      return;
    }
    ++(heap.check() == Fault::none ? count_.unnoticed : count_.found_by_check);
    put_back();
  }

  template <class PutBack>
  void flip_nodes(Heap& heap, PutBack put_back) {
    std::vector<std::byte*> nodes;
    heap.walk([&](const Extent& extent) {
      if (extent.kind == ExtentKind::free) nodes.push_back(const_cast<std::byte*>(extent.at));
    });
    for (std::byte* node : nodes) {
      for (std::size_t bit = 0; bit < 8 * node_size_; ++bit) {
        node[bit / 8] ^= std::byte{1} << (bit % 8);
        ++count_.flips;
        count_.flips_unnoticed += heap.check() == Fault::none;
        put_back();
      }
    }
  }

  std::string held() const { return {reinterpret_cast<const char*>(region_.start), region_.size}; }

  Region region_;
  std::span<const Layout> layouts_;
  std::size_t node_size_;
  Count count_;
};

template <class Heap>
Count close(std::size_t bytes, std::span<const Layout> layouts, bool merges, std::size_t node_size = 0) {
  const Region region{memory + 4096 - around, bytes};
  Closure<Heap> closure(region, merges, layouts);
  Misuse<Heap> misuse(region, layouts, node_size);
  const ClosureResult result = closure.run(4'000'000, std::ref(misuse));
  EXPECT_STREQ(name_of(result.law), name_of(Law::none));
  EXPECT_GT(result.calls, result.states);
  const Count& count = misuse.count();
  std::printf("%zu states, %zu wrong frees: %zu stopped, %zu found by check, %zu unnoticed; %zu flips, %zu unnoticed\n",
              result.states, count.wrong_frees, count.stopped, count.found_by_check, count.unnoticed, count.flips,
              count.flips_unnoticed);
  EXPECT_EQ(count.changed_by_a_stop, 0u);
  return count;
}

// What is left unnoticed is what only a list of lent blocks could tell: a part of a lent block freed, and a hole that a
// flipped bit made smaller or skipped by whole granules.
TEST(MisuseClosure, HoleList_stops_every_free_that_touches_a_hole) {
  constexpr Layout layouts[] = {{16, 16}, {32, 16}, {48, 16}};
  const Count count = close<HoleList>(8 * 16, layouts, true, 16);
  EXPECT_EQ(count.found_by_check, 0u) << "what is not stopped leaves the list whole";
  EXPECT_LT(count.unnoticed * 100, count.wrong_frees);
  EXPECT_LT(count.flips_unnoticed * 100, count.flips);
}

TEST(MisuseClosure, StoryPages_stops_what_is_no_entry_and_check_finds_double_frees) {
  constexpr Layout layouts[] = {{16, 16}, {32, 1}, {64, 1}, {65, 1}};
  const Count count = close<BasicStoryPages<16, 32, 64>>(2 * 64, layouts, false);
  EXPECT_GT(count.found_by_check, 0u);
  EXPECT_LT(count.unnoticed * 100, count.wrong_frees);
}

// Its map tells every block: whatever is no right free is stopped.
TEST(MisuseClosure, PageHeap_stops_every_wrong_free) {
  using Heap = BasicPageHeap<16, 32, 64>;
  constexpr Layout layouts[] = {{16, 16}, {32, 16}, {64, 16}, {65, 16}};
  const std::size_t map = CheckedSize(Heap::map_size(2)).aligned_up(Heap::page_size).value();
  const Count count = close<Heap>(map + 2 * Heap::page_size, layouts, true);
  EXPECT_EQ(count.stopped, count.wrong_frees);
}

TEST(MisuseClosure, Bump_stops_what_lies_outside_of_what_is_lent) {
  constexpr Layout layouts[] = {{1, 1}, {2, 2}, {5, 4}};
  const Count count = close<Bump>(9, layouts, true);
  EXPECT_GT(count.stopped, count.unnoticed);
}

}  // namespace
}  // namespace bareheap::laws
