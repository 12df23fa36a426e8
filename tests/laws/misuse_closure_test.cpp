// SPDX-License-Identifier: MIT
//
// The misuse closure: in every state that a tiny heap can reach, every address in and around the heap is freed and
// resized, with right and with wrong layouts, and every bit of the nodes in free memory is flipped. Under Checked every
// byte that is not lent is overwritten too, and each block over- and underflows by up to 64 bytes. What is not noticed
// is counted; a stop must have changed nothing.
#include "laws/closure.hpp"
#include "wrappers/stacks.hpp"

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

/// How many misuses of one kind there were, and what became of them.
struct Tally {
  std::size_t tried = 0;
  std::size_t stopped = 0;         // by the call itself
  std::size_t refused = 0;         // a resize that answered false
  std::size_t found_by_check = 0;  // nothing stopped
  std::size_t unnoticed = 0;

  void print(const char* kind) const {
    if (tried == 0) return;
    std::printf("  %zu %s: %zu stopped, %zu refused, %zu found by check, %zu unnoticed\n", tried, kind, stopped,
                refused, found_by_check, unnoticed);
  }
};

/// Writes are judged twice: by check(), and by the next call about the block: its free, or the end of its quarantine.
struct WriteTally {
  std::size_t tried = 0;
  std::size_t missed_by_check = 0;
  std::size_t missed_by_call = 0;

  void print(const char* kind) const {
    if (tried == 0) return;
    std::printf("  %zu %s: %zu missed by check, %zu missed by the next call\n", tried, kind, missed_by_check,
                missed_by_call);
  }
};

struct Count {
  Tally frees;
  Tally resizes;
  Tally flips;
  WriteTally around_blocks;
  WriteTally in_quarantine;
  Tally elsewhere;  // what neither lies in a red zone or a header nor in the quarantine
  std::size_t changed_by_a_stop = 0;
};

constexpr std::size_t around = 64;
alignas(4096) std::byte memory[3 * 4096];

template <class Call>
bool stops(Call call) {
  if (setjmp(after_stop) != 0) return true;
  call();
  return false;
}

template <class Heap>
constexpr bool is_checked = false;
template <class Heap, std::size_t Quarantine>
constexpr bool is_checked<Checked<Heap, Quarantine>> = true;

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
        if (is_right(judge, at, layout)) continue;
        free_wrongly(heap, at, layout, put_back);
        for (const std::size_t size : {std::size_t{1}, layout.size() + 16}) {
          resize_wrongly(heap, at, layout, size, put_back);
        }
      }
    }
    flip_nodes(heap, put_back);
    if constexpr (is_checked<Heap>) {
      write_every_byte(heap, judge, put_back);
      write_beyond_blocks(heap, judge, put_back);
    }
  }

 private:
  /// Law: every size from the one asked to the one granted is right, with the alignment asked; where the heap knows
  /// sizes, with that of plain new too.
  template <class Judge>
  static bool is_right(const Judge& judge, const std::byte* at, Layout layout) {
    for (std::size_t index = 0; index < judge.live(); ++index) {
      const LiveBlock& block = judge.block(index);
      const bool enough = layout.size() >= block.layout.size() && layout.size() <= block.granted;
      const bool unknown = SelfSizing<Heap> && layout.alignment() == __STDCPP_DEFAULT_NEW_ALIGNMENT__;
      if (block.at == at && enough && (layout.alignment() == block.layout.alignment() || unknown)) return true;
    }
    return false;
  }

  template <class PutBack>
  void free_wrongly(Heap& heap, std::byte* at, Layout layout, PutBack put_back) {
    misuse(count_.frees, heap, put_back, [&] {
      heap.deallocate(at, layout);
      return true;
    });
  }

  template <class PutBack>
  void resize_wrongly(Heap& heap, std::byte* at, Layout layout, std::size_t size, PutBack put_back) {
    misuse(count_.resizes, heap, put_back, [&] { return heap.resize(at, layout, size); });
  }

  /// `call` tells whether it did anything.
  template <class PutBack, class Call>
  void misuse(Tally& tally, Heap& heap, PutBack put_back, Call call) {
    const Heap before = heap;
    const std::string bytes = held();
    bool done = false;
    ++tally.tried;
    const bool stopped = stops([&] { done = call(); });
    if (stopped || !done) {
      ++(stopped ? tally.stopped : tally.refused);
      const bool differs = !std::is_empty_v<Heap> && std::memcmp(&before, &heap, sizeof heap) != 0;
      count_.changed_by_a_stop += differs || bytes != held();
      return;
    }
    ++(heap.check() == Fault::none ? tally.unnoticed : tally.found_by_check);
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
        write_into_free_memory(count_.flips, heap, put_back);
      }
    }
  }

  template <class PutBack>
  void write_into_free_memory(Tally& tally, Heap& heap, PutBack put_back) {
    ++tally.tried;
    ++(heap.check() == Fault::none ? tally.unnoticed : tally.found_by_check);
    put_back();
  }

  /// What Checked guards around each block: its header and red zone in front, and behind it the red zone at its least.
  template <class Judge>
  static const LiveBlock* block_guarded_by(const Judge& judge, const std::byte* at) {
    for (std::size_t index = 0; index < judge.live(); ++index) {
      const LiveBlock& block = judge.block(index);
      const Region guards{block.at - 64, 64 + block.granted + Heap::red_zone};
      if (guards.contains(at)) return &block;
    }
    return nullptr;
  }

  template <class Judge>
  static bool is_lent(const Judge& judge, const std::byte* at) {
    const LiveBlock* const block = block_guarded_by(judge, at);
    return block != nullptr && Region{block->at, block->granted}.contains(at);
  }

  static ExtentKind kind_at(const Heap& heap, const std::byte* at) {
    ExtentKind kind = ExtentKind::meta;
    heap.walk([&](const Extent& extent) {
      if (extent.at <= at && at < extent.end()) kind = extent.kind;
    });
    return kind;
  }

  /// But for a heap's own map: where its words say that the map is elsewhere, no call can go on.
  template <class Judge, class PutBack>
  void write_every_byte(Heap& heap, const Judge& judge, PutBack put_back) {
    for (std::byte* at = region_.start; at != region_.end(); ++at) {
      const ExtentKind kind = kind_at(heap, at);
      if (kind == ExtentKind::meta || is_lent(judge, at)) continue;
      const LiveBlock* const block = block_guarded_by(judge, at);
      for (const std::byte flipped : {std::byte{0x01}, std::byte{0xFF}}) {
        *at ^= flipped;
        if (block != nullptr) {
          judge_write(count_.around_blocks, heap, put_back, [&] { heap.deallocate(block->at, block->layout); });
        } else if (kind == ExtentKind::cached) {
          judge_write(count_.in_quarantine, heap, put_back, [&] { heap.trim(); });
        } else {
          write_into_free_memory(count_.elsewhere, heap, put_back);
        }
      }
    }
  }

  template <class Judge, class PutBack>
  void write_beyond_blocks(Heap& heap, const Judge& judge, PutBack put_back) {
    for (std::size_t index = 0; index < judge.live(); ++index) {
      const LiveBlock block = judge.block(index);
      const auto free = [&] { heap.deallocate(block.at, block.layout); };
      std::byte* const end = block.at + block.granted;
      for (std::size_t size = 1; size <= 64; ++size) {
        std::memset(end, 'X', std::min(size, address_of(region_.end()) - address_of(end)));
        judge_write(count_.around_blocks, heap, put_back, free);
        std::memset(block.at - size, 'X', size);
        judge_write(count_.around_blocks, heap, put_back, free);
      }
    }
  }

  /// `next` is the call that must not go on after what was written.
  template <class PutBack, class Call>
  void judge_write(WriteTally& tally, Heap& heap, PutBack put_back, Call next) {
    ++tally.tried;
    tally.missed_by_check += heap.check() == Fault::none;
    tally.missed_by_call += !stops(next);
    put_back();
  }

  std::string held() const { return {reinterpret_cast<const char*>(region_.start), region_.size}; }

  Region region_;
  std::span<const Layout> layouts_;
  std::size_t node_size_;
  Count count_;
};

template <class Heap>
Count close(std::size_t bytes, std::span<const Layout> layouts, std::size_t node_size = 0) {
  const Region region{memory + 4096, bytes};
  Closure<Heap> closure(region, merges<Heap>, layouts);
  Misuse<Heap> misuse(region, layouts, node_size);
  const ClosureResult result = closure.run(4'000'000, std::ref(misuse));
  EXPECT_STREQ(name_of(result.law), name_of(Law::none));
  EXPECT_GT(result.calls, result.states);
  const Count& count = misuse.count();
  std::printf("%zu states, %zu calls\n", result.states, result.calls);
  count.frees.print("wrong frees");
  count.resizes.print("wrong resizes");
  count.flips.print("bits of nodes flipped");
  count.around_blocks.print("writes around blocks");
  count.in_quarantine.print("writes into the quarantine");
  count.elsewhere.print("bytes written elsewhere");
  EXPECT_EQ(count.changed_by_a_stop, 0u);
  return count;
}

TEST(MisuseClosure, NullHeap_stops_every_free) {
  constexpr Layout layouts[] = {{1, 1}, {16, 16}};
  const Count count = close<NullHeap>(64, layouts);
  EXPECT_EQ(count.frees.stopped, count.frees.tried);
  EXPECT_EQ(count.resizes.refused, count.resizes.tried);
}

// What is left unnoticed is what only a list of lent blocks could tell: a part of a lent block freed, and a hole that a
// flipped bit made smaller or skipped by whole granules.
template <class Heap>
void expect_holes_kept() {
  constexpr std::size_t granule = Heap::granule;
  constexpr Layout layouts[] = {{granule, granule}, {2 * granule, granule}, {3 * granule, granule}};
  const Count count = close<Heap>(8 * granule, layouts, granule);
  EXPECT_EQ(count.frees.found_by_check, 0u) << "what is not stopped leaves the list whole";
  EXPECT_LT(count.frees.unnoticed * 50, count.frees.tried);
  EXPECT_LT(count.flips.unnoticed * 50, count.flips.tried);
}

TEST(MisuseClosure, HoleList_stops_every_free_that_touches_a_hole) {
  expect_holes_kept<HoleList>();
  expect_holes_kept<BasicHoleList<Carving::tail>>();
}

TEST(MisuseClosure, StoryPages_stops_what_is_no_entry_and_check_finds_double_frees) {
  constexpr Layout layouts[] = {{16, 16}, {32, 1}, {64, 1}, {65, 1}};
  const Count count = close<BasicStoryPages<16, 32, 64>>(2 * 64, layouts);
  EXPECT_GT(count.frees.found_by_check, 0u);
  EXPECT_LT(count.frees.unnoticed * 100, count.frees.tried);
}

template <std::size_t Small, std::size_t Medium, std::size_t Page>
constexpr std::size_t room_for(std::size_t pages) {
  const std::size_t map = BasicPageHeap<Small, Medium, Page>::map_size(pages);
  return (CheckedSize(map).aligned_up(Page) + CheckedSize(pages) * Page).value();
}

// Its map tells every block: whatever is no right free is stopped.
TEST(MisuseClosure, PageHeap_stops_every_wrong_free_and_resize) {
  constexpr Layout layouts[] = {{16, 16}, {32, 16}, {64, 16}, {65, 16}};
  const Count count = close<BasicPageHeap<16, 32, 64>>(room_for<16, 32, 64>(2), layouts);
  EXPECT_EQ(count.frees.stopped, count.frees.tried);
  EXPECT_EQ(count.resizes.stopped, count.resizes.tried);
}

TEST(MisuseClosure, Bump_stops_what_lies_outside_of_what_is_lent) {
  constexpr Layout layouts[] = {{1, 1}, {2, 2}, {5, 4}};
  for (const Count& count : {close<Bump>(9, layouts), close<BasicBump<Direction::downward>>(9, layouts)}) {
    EXPECT_GT(count.frees.stopped, 10 * count.frees.unnoticed);
  }
}

/// Under Checked nothing goes unnoticed that is about a live block or one in quarantine.
template <class Heap>
void expect_all_found(std::size_t bytes, std::span<const Layout> layouts) {
  const Count count = close<Heap>(bytes, layouts);
  EXPECT_GT(count.frees.tried, 0u);
  EXPECT_EQ(count.frees.stopped, count.frees.tried);
  EXPECT_EQ(count.resizes.stopped, count.resizes.tried);
  EXPECT_GT(count.around_blocks.tried, 0u);
  for (const WriteTally& writes : {count.around_blocks, count.in_quarantine}) {
    EXPECT_EQ(writes.missed_by_check, 0u);
    EXPECT_EQ(writes.missed_by_call, 0u);
  }
}

constexpr Layout few[] = {{0, 16}, {16, 1}, {40, 16}};

TEST(CheckedMisuse, NullHeap) {
  const Count count = close<Checked<NullHeap>>(64, few);
  EXPECT_EQ(count.frees.stopped, count.frees.tried);
  EXPECT_EQ(count.resizes.stopped, count.resizes.tried);
}

TEST(CheckedMisuse, Bump) {
  expect_all_found<Checked<Bump, 0>>(300, few);
  expect_all_found<Checked<BasicBump<Direction::downward>, 0>>(300, few);
}

TEST(CheckedMisuse, HoleList) {
  expect_all_found<Checked<HoleList, 0>>(16 * 16, few);
  expect_all_found<Checked<BasicHoleList<Carving::tail>, 0>>(16 * 16, few);
}

TEST(CheckedMisuse, HoleList_with_a_quarantine) {
  expect_all_found<Checked<HoleList, 1>>(16 * 16, few);
  expect_all_found<Checked<HoleList, 2>>(13 * 16, std::span(few).first(2));
}

TEST(CheckedMisuse, PageHeap) {
  constexpr Layout layouts[] = {{0, 16}, {48, 1}, {100, 16}};
  expect_all_found<Checked<BasicPageHeap<16, 128, 256>, 1>>(room_for<16, 128, 256>(1), layouts);
}

TEST(CheckedMisuse, StoryPages) {
  constexpr Layout layouts[] = {{0, 16}, {48, 1}, {300, 16}};
  expect_all_found<Checked<BasicStoryPages<128, 256, 512>, 0>>(512, layouts);
  expect_all_found<Checked<BasicStoryPages<128, 256, 512>, 1>>(512, std::span(layouts).first(2));
}

}  // namespace
}  // namespace bareheap::laws
