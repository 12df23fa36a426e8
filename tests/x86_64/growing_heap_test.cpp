// SPDX-License-Identifier: MIT
#include "ports/x86_64/growing_heap.hpp"

#include "bareheap/engines/bump.hpp"
#include "bareheap/engines/granule_heap.hpp"
#include "bareheap/engines/hole_list.hpp"
#include "bareheap/engines/page_heap.hpp"
#include "laws/auditor.hpp"
#include "x86_64/window.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace bareheap::x86_64 {
namespace {

using test::HostFrames;
using test::ProtectingMapper;
using test::Window;

constexpr std::size_t pages = 64;

template <class Heap>
struct Grown {
  using Growing = GrowingHeap<Heap, ProtectingMapper, HostFrames>;
  static_assert(Allocator<Growing> && Stocked<Growing> && SelfSizing<Growing> == SelfSizing<Heap>);

  explicit Grown(std::size_t frame_count = pages + 8) : frames(frame_count) {}

  HostFrames frames;
  test::Root root;
  Window window{pages};
  ProtectingMapper mapper{root.start(), frames};
  Growing heap{mapper, frames};
};

TEST(GrowingHeap, Has_no_memory_before_init) {
  Grown<HoleList> grown;
  EXPECT_FALSE(grown.heap.allocate(Layout(1, 1)));
  EXPECT_EQ(grown.heap.mapped(), 0U);
  EXPECT_TRUE(grown.heap.check() == Fault::none && is_pristine(grown.heap));
  grown.heap.trim();
  EXPECT_EQ(grown.frames.lent(), 0U);
}

TEST(GrowingHeap, Grows_when_it_is_asked_and_gives_back) {
  Grown<HoleList> grown;
  ASSERT_EQ(grown.heap.init(grown.window.region(), 2 * page_size), MappingFault::none);
  const std::size_t fresh = grown.frames.lent();
  EXPECT_EQ(grown.heap.mapped(), 2 * page_size);
  const Block first = grown.heap.allocate(Layout(2 * page_size, 16));
  EXPECT_EQ(grown.heap.mapped(), 2 * page_size);
  const Block second = grown.heap.allocate(Layout(16, 16));
  EXPECT_EQ(grown.heap.mapped(), 7 * page_size);  // a fifteenth of 64 pages
  const Block third = grown.heap.allocate(Layout(20 * page_size, page_size));
  ASSERT_TRUE(first && second && third && grown.heap.owns(third.at));
  std::memset(third.at, 1, third.size);
  EXPECT_FALSE(grown.heap.allocate(Layout(40 * page_size, 16)));
  const std::size_t mapped = grown.heap.mapped();
  grown.heap.deallocate(second.at, Layout(16, 16));
  grown.heap.trim();
  EXPECT_EQ(grown.heap.mapped(), mapped) << "a block lies above";
  grown.heap.deallocate(third.at, Layout(20 * page_size, page_size));
  grown.heap.trim();
  EXPECT_EQ(grown.heap.mapped(), 2 * page_size);
  grown.heap.deallocate(first.at, Layout(2 * page_size, 16));
  grown.heap.trim();
  EXPECT_EQ(grown.frames.lent(), fresh);
  EXPECT_FALSE(grown.heap.owns(third.at));
}

TEST(GrowingHeap, All_of_the_window_can_be_had) {
  for (std::size_t first = 1; first <= pages + 1; ++first) {
    Grown<HoleList> grown;
    ASSERT_EQ(grown.heap.init(grown.window.region(), first * page_size), MappingFault::none);
    std::size_t count = 0;
    while (grown.heap.allocate(Layout(page_size, page_size))) ++count;
    EXPECT_EQ(count, pages) << first;
    EXPECT_EQ(grown.heap.check(), Fault::none);
  }
}

TEST(GrowingHeap, A_refusal_changes_nothing_whenever_the_frames_give_out) {
  for (std::size_t left = 0; left < 12; ++left) {
    Grown<HoleList> grown;
    ASSERT_EQ(grown.heap.init(grown.window.region(), page_size), MappingFault::none);
    grown.frames.leave(left);
    const Block block = grown.heap.allocate(Layout(6 * page_size, 16));
    EXPECT_EQ(static_cast<bool>(block), left >= 9) << left;
    if (block) continue;
    EXPECT_EQ(grown.frames.left(), left);
    EXPECT_EQ(grown.heap.mapped(), page_size);
    EXPECT_EQ(static_cast<bool>(grown.heap.allocate(Layout(page_size + 1, 16))), left >= 4) << left;
  }
}

TEST(GrowingHeap, A_window_in_use_or_none_is_refused) {
  Grown<HoleList> grown;
  std::byte* const frame = grown.frames.take();
  const std::uintptr_t last = address_of(grown.window.region().end()) - page_size;
  ASSERT_EQ(grown.mapper.map(last, frame, {}), MapFault::none);
  EXPECT_EQ(grown.heap.init(grown.window.region(), page_size), MappingFault::window_in_use);
  grown.frames.give(grown.mapper.unmap(last));
  EXPECT_EQ(grown.heap.init({grown.window.start() + 1, page_size}, page_size), MappingFault::bad_window);
  EXPECT_EQ(grown.heap.init({grown.window.start(), size_limit}, page_size), MappingFault::bad_window);
  EXPECT_EQ(grown.heap.init(grown.window.region(), 0), MappingFault::bad_window);
  EXPECT_EQ(grown.frames.lent(), 0U);
  EXPECT_EQ(grown.heap.init(grown.window.region(), page_size), MappingFault::none);
  EXPECT_EQ(grown.heap.init(grown.window.region(), page_size), MappingFault::heap_refused);
}

TEST(GrowingHeapDeathTest, A_bad_free_is_noticed_by_the_engine) {
  Grown<HoleList> grown;
  ASSERT_EQ(grown.heap.init(grown.window.region(), page_size), MappingFault::none);
  const Block block = grown.heap.allocate(Layout(2 * page_size, 16));
  ASSERT_TRUE(block);
  int elsewhere = 0;
  EXPECT_DEATH(grown.heap.deallocate(reinterpret_cast<std::byte*>(&elsewhere), Layout(16, 16)), "has not lent");
  grown.heap.deallocate(block.at, Layout(2 * page_size, 16));
  EXPECT_DEATH(grown.heap.deallocate(block.at, Layout(2 * page_size, 16)), "free already");
  grown.heap.trim();
  EXPECT_DEATH(grown.heap.deallocate(block.at, Layout(2 * page_size, 16)), "has not lent");
}

/// The heap as one region, its window, for the auditor: what is not mapped, and what an engine leaves of a part, is
/// meta.
template <class Heap>
class Whole {
 public:
  Whole(Heap& heap, Region window) : heap_(&heap), window_(window) {}

  Block allocate(Layout asked) noexcept { return heap_->allocate(asked); }
  void deallocate(std::byte* at, Layout asked) noexcept { heap_->deallocate(at, asked); }
  bool resize(std::byte* at, Layout asked, std::size_t size) noexcept { return heap_->resize(at, asked, size); }
  bool owns(const std::byte* at) const noexcept { return heap_->owns(at); }
  void trim() noexcept { heap_->trim(); }
  Fault check() const noexcept { return heap_->check(); }

  void walk(ExtentSink sink) const noexcept {
    const std::byte* next = window_.start;
    const auto fill_up_to = [&](const std::byte* end) {
      if (next < end) sink({next, static_cast<std::size_t>(end - next), ExtentKind::meta});
    };
    heap_->walk([&](const Extent& tile) {
      fill_up_to(tile.at);
      sink(tile);
      next = tile.end();
    });
    fill_up_to(window_.end());
  }

 private:
  Heap* heap_;
  Region window_;
};

template <class Heap>
class GrowingLaws : public testing::Test {};

using Engines = testing::Types<HoleList, PageHeap, Bump, GranuleHeap>;
TYPED_TEST_SUITE(GrowingLaws, Engines);

/// The laws but for 8 (nothing here looks at memory that it was given), by the dice, with trims in between.
TYPED_TEST(GrowingLaws, Hold) {
  std::mt19937_64 dice(371);
  for (int round = 0; round < 30; ++round) {
    Grown<TypeParam> grown(round % 2 == 0 ? pages + 8 : pages / 2);
    ASSERT_EQ(grown.heap.init(grown.window.region(), (2 + dice() % 4) * page_size), MappingFault::none);
    const std::size_t fresh = grown.frames.lent();
    Whole whole(grown.heap, grown.window.region());
    laws::Auditor<decltype(whole), 128> auditor(whole, grown.window.region(), true);
    laws::Law broken = laws::Law::none;
    for (int call = 0; call < 300 && broken == laws::Law::none; ++call) {
      const std::uint64_t word = dice();
      const std::size_t size = word >> 20 & (word % 8 == 0 ? 0x7fff : 0x7ff);
      if (auditor.live() == 0 || (word % 4 < 2 && !auditor.full())) {
        broken = auditor.allocate(Layout(size, std::size_t{1} << (word >> 8) % 13));
      } else if (word % 4 == 2) {
        broken = auditor.free((word >> 40) % auditor.live(), word >> 8 & 15);
      } else if (word >> 8 & 1) {
        broken = auditor.resize((word >> 40) % auditor.live(), size);
      } else {
        grown.heap.trim();
        broken = auditor.audit();
      }
    }
    ASSERT_STREQ(laws::name_of(broken), "no law");
    EXPECT_STREQ(laws::name_of(auditor.free_all(static_cast<unsigned>(round % 3))), "no law");
    EXPECT_EQ(grown.frames.lent(), fresh);
  }
}

}  // namespace
}  // namespace bareheap::x86_64
