// SPDX-License-Identifier: MIT
// Every rule of bareheap/bindings/malloc_family.hpp, over heaps that differ in all that it asks of one.
#include "bindings/malloc_family.hpp"

#include "engines/stops.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

namespace bareheap::test {
namespace {

using Sizes = std::initializer_list<std::size_t>;
constexpr std::size_t usual = alignof(std::max_align_t);

template <class Heap>
class Family : public testing::Test {
 protected:
  ~Family() override {
    EXPECT_TRUE(Errors::none());
    EXPECT_EQ(given.heap.check(), Fault::none);
    EXPECT_TRUE(is_pristine(given.heap));
  }

  void expect_refused(void* answer) const {
    EXPECT_EQ(answer, nullptr);
    EXPECT_EQ(Errors::take_no_memory(), 1);
  }

  void* filled(std::size_t size, int byte) const {
    void* const at = c.malloc(size);
    EXPECT_NE(at, nullptr);
    return std::memset(at, byte, size);
  }

  Given<Heap> given;
  const MallocFamily<Heap, Errors>& c = given.c;
};

bool holds(const void* at, std::size_t size, int byte) {
  const auto* const first = static_cast<const unsigned char*>(at);
  return std::all_of(first, first + size, [byte](unsigned char found) { return found == byte; });
}

bool lies_at(const void* at, std::size_t alignment) { return at != nullptr && is_aligned(address_of(at), alignment); }

using Heaps = testing::Types<GranuleHeap, SmallGranuleHeap, RealTimeHeap, PageHeap, Headered<HoleList>,
                             Checked<HoleList>, Cached>;
TYPED_TEST_SUITE(Family, Heaps);

TYPED_TEST(Family, malloc_lends_each_size_aligned_and_nobody_elses) {
  std::vector<void*> blocks;
  for (std::size_t size = 0; size < 200; ++size) {
    blocks.push_back(this->filled(size, static_cast<int>(size)));
    EXPECT_TRUE(lies_at(blocks.back(), size < usual ? std::bit_floor(size | 1) : usual)) << size;
    EXPECT_GE(this->c.usable_size(blocks.back()), size);
  }
  for (std::size_t size = 0; size < 200; ++size) EXPECT_TRUE(holds(blocks[size], size, static_cast<int>(size)));
  for (void* const block : blocks) this->c.free(block);
}

TYPED_TEST(Family, a_request_for_nothing_gets_a_block_of_its_own) {
  void* const blocks[] = {this->c.malloc(0), this->c.malloc(0), this->c.calloc(0, 7), this->c.aligned_alloc(64, 0)};
  for (auto block = std::begin(blocks); block != std::end(blocks); ++block) {
    EXPECT_NE(*block, nullptr);
    EXPECT_EQ(std::count(std::begin(blocks), std::end(blocks), *block), 1);
  }
  for (void* const block : blocks) this->c.free(block);
}

TYPED_TEST(Family, calloc_clears_memory_that_was_used) {
  this->c.free(this->filled(3000, 0x5A));
  void* const at = this->c.calloc(30, 100);
  ASSERT_NE(at, nullptr);
  EXPECT_TRUE(holds(at, 3000, 0));
  this->c.free(at);
}

TYPED_TEST(Family, a_product_that_overflows_is_refused) {
  constexpr std::size_t half = std::size_t{1} << (sizeof(std::size_t) * 4);
  void* const kept = this->filled(40, 7);
  for (const auto& [count, size] : std::initializer_list<std::pair<std::size_t, std::size_t>>{
           {size_limit, 2}, {2, size_limit}, {half, half}, {size_limit / 2 + 2, 2}, {half + 1, half}}) {
    this->expect_refused(this->c.calloc(count, size));
    this->expect_refused(this->c.reallocarray(nullptr, count, size));
    this->expect_refused(this->c.reallocarray(kept, count, size));
  }
  EXPECT_TRUE(holds(kept, 40, 7));
  this->c.free(kept);
}

TYPED_TEST(Family, more_than_there_can_be_is_refused_and_the_block_is_kept) {
  void* const kept = this->filled(40, 7);
  void* result = kept;
  for (const std::size_t size :
       Sizes{size_limit, size_limit - 1, size_limit - 15, size_limit - 4096, size_limit / 2 + 2, size_limit / 2 + 1,
             size_limit / 2, size_limit / 4, 1 << 30}) {
    SCOPED_TRACE(size);
    this->expect_refused(this->c.malloc(size));
    this->expect_refused(this->c.calloc(1, size));
    this->expect_refused(this->c.realloc(nullptr, size));
    this->expect_refused(this->c.realloc(kept, size));
    this->expect_refused(this->c.reallocarray(kept, size, 1));
    this->expect_refused(this->c.valloc(size));
    this->expect_refused(this->c.pvalloc(size));
    for (std::size_t alignment = 8; alignment <= 1 << 16; alignment *= 2) {
      this->expect_refused(this->c.aligned_alloc(alignment, size));
      this->expect_refused(this->c.memalign(alignment, size));
      EXPECT_EQ(this->c.posix_memalign(&result, alignment, size), Errors::error_no_memory);
    }
  }
  EXPECT_EQ(result, kept);
  EXPECT_TRUE(holds(kept, 40, 7));
  this->c.free(kept);
}

TYPED_TEST(Family, an_alignment_is_a_power_of_two) {
  void* result = this;
  for (const std::size_t alignment : Sizes{0, 3, 24, 4097, size_limit}) {
    EXPECT_EQ(this->c.aligned_alloc(alignment, 10), nullptr);
    EXPECT_EQ(this->c.memalign(alignment, 10), nullptr);
    EXPECT_EQ(Errors::take_invalid(), 2);
    EXPECT_EQ(this->c.posix_memalign(&result, alignment, 10), Errors::error_invalid);
  }
  for (const std::size_t alignment : Sizes{1, 2, 4}) {
    EXPECT_EQ(this->c.posix_memalign(&result, alignment, 10), Errors::error_invalid);
  }
  EXPECT_EQ(result, this);
}

TYPED_TEST(Family, an_alignment_beyond_all_memory_is_refused) {
  for (const std::size_t alignment : Sizes{size_limit / 2 + 1, size_limit / 4 + 1}) {
    this->expect_refused(this->c.aligned_alloc(alignment, 10));
    this->expect_refused(this->c.memalign(alignment, size_limit / 4));
  }
}

TYPED_TEST(Family, every_alignment_is_met_and_freed_in_every_way) {
  for (std::size_t alignment = 1; alignment <= 1 << 15; alignment *= 2) {
    for (const std::size_t size : Sizes{1, 10, 100, 5000}) {
      void* posix = nullptr;
      void* const aligned = this->c.aligned_alloc(alignment, size);
      void* const old = this->c.memalign(alignment, size);
      EXPECT_EQ(this->c.posix_memalign(&posix, std::max(alignment, sizeof(void*)), size), 0);
      for (void* const at : {aligned, old, posix}) {
        ASSERT_TRUE(lies_at(at, alignment)) << alignment;
        ASSERT_TRUE(lies_at(at, usual));
        EXPECT_GE(this->c.usable_size(at), size);
      }
      this->c.free(old);
      this->c.free_aligned_sized(aligned, alignment, size);
      EXPECT_TRUE(this->c.realloc(posix, 0) == nullptr);
    }
  }
}

TYPED_TEST(Family, valloc_and_pvalloc_go_by_pages) {
  void* const one = this->c.valloc(10);
  void* const whole = this->c.pvalloc(Errors::page_size() + 1);
  EXPECT_TRUE(lies_at(one, Errors::page_size()));
  EXPECT_TRUE(lies_at(whole, Errors::page_size()));
  EXPECT_GE(this->c.usable_size(whole), 2 * Errors::page_size());
  this->c.free(one);
  this->c.free(whole);
}

TYPED_TEST(Family, realloc_keeps_the_bytes_that_both_have) {
  void* at = this->c.realloc(nullptr, 40);
  ASSERT_NE(at, nullptr);
  std::memset(at, 9, 40);
  void* const wall = this->c.malloc(40);  // mostly it cannot grow in place
  std::size_t before = 40;
  for (const std::size_t size : Sizes{41, 47, 48, 49, 1000, 999, 100000, 60000, 5000, 17, 1, 2000}) {
    at = this->c.realloc(at, size);
    ASSERT_NE(at, nullptr) << size;
    EXPECT_TRUE(holds(at, std::min(before, size), 9)) << size;
    EXPECT_GE(this->c.usable_size(at), size);
    std::memset(at, 9, size);
    before = size;
  }
  this->c.free(at);
  this->c.free(wall);
}

TYPED_TEST(Family, realloc_to_nothing_frees_without_an_error) {
  EXPECT_EQ(this->c.realloc(this->c.malloc(100), 0), nullptr);
  EXPECT_EQ(this->c.reallocarray(this->c.malloc(100), 0, 10), nullptr);
  this->c.free(this->c.realloc(nullptr, 0));
}

TYPED_TEST(Family, realloc_to_what_the_block_has_changes_nothing) {
  for (const std::size_t size : Sizes{1, 40, 500, 5000}) {
    void* const at = this->c.malloc(size);
    EXPECT_EQ(this->c.realloc(at, size), at);
    const std::size_t granted = this->c.usable_size(at);
    EXPECT_EQ(this->c.realloc(at, granted), at);
    EXPECT_EQ(this->c.usable_size(at), granted);
    this->c.free(at);
  }
}

TYPED_TEST(Family, a_sized_free_brings_the_size_of_the_last_request) {
  const std::size_t sizes[] = {1, 15, 16, 17, 90, 100, 112, 113, 129, 1000, 3000, 3900, 4100, 9000};
  for (const std::size_t first : sizes) {
    void* const plain = this->c.malloc(first);
    this->c.free_sized(plain, first);
    for (const std::size_t last : sizes) {
      void* const at = this->c.realloc(this->c.malloc(first), last);
      ASSERT_NE(at, nullptr);
      this->c.free_sized(at, last);
    }
  }
  this->c.free_sized(this->c.calloc(3, 70), 210);
}

TYPED_TEST(Family, null_is_freed_by_doing_nothing) {
  this->c.free(nullptr);
  this->c.free_sized(nullptr, 40);
  this->c.free_aligned_sized(nullptr, 64, 40);
  EXPECT_EQ(this->c.usable_size(nullptr), 0u);
}

TYPED_TEST(Family, no_room_left_is_refused_until_something_is_freed) {
  std::vector<void*> blocks;
  while (void* const at = this->c.malloc(5000)) blocks.push_back(at);
  EXPECT_EQ(Errors::take_no_memory(), 1);
  ASSERT_GT(blocks.size(), 10u);
  std::memset(blocks[3], 3, 5000);
  this->expect_refused(this->c.realloc(blocks[3], 100000));
  EXPECT_TRUE(holds(blocks[3], 5000, 3));
  this->c.free(blocks.back());
  blocks.back() = this->c.malloc(5000);
  EXPECT_NE(blocks.back(), nullptr);
  for (void* const block : blocks) this->c.free(block);
}

TEST(MallocFamily, where_granules_are_small_so_are_the_alignments_of_small_blocks) {
  Given<SmallGranuleHeap> given;
  std::vector<void*> blocks;
  for (int count = 0; count < 8; ++count) blocks.push_back(given.c.malloc(SmallGranuleHeap::granule));
  const auto are_between = [](void* at) { return !lies_at(at, usual); };
  EXPECT_EQ(std::any_of(blocks.begin(), blocks.end(), are_between), SmallGranuleHeap::granule < usual);
  for (void* const block : blocks) given.c.free(block);
}

/// Tells no granule, and remembers what it was asked.
struct Asked : Headered<HoleList> {
  Block allocate(Layout asked) noexcept {
    last = asked;
    return Headered<HoleList>::allocate(asked);
  }

  Layout last{0, 1};
};

TEST(MallocFamily, the_alignment_that_is_asked_is_enough_for_all_that_fits) {
  Given<Asked> given;
  for (std::size_t size = 1; size < 40; ++size) {
    given.c.free(given.c.malloc(size));
    EXPECT_EQ(given.heap.last, Layout(size, size < usual ? usual / 2 : usual));
    given.c.free(given.c.calloc(1, size));
    EXPECT_EQ(given.heap.last, Layout(size, size < usual ? usual / 2 : usual));
    given.c.free(given.c.memalign(1, size));
    EXPECT_EQ(given.heap.last, Layout(size, usual));
  }
}

TEST(MallocFamily, a_granule_heap_shrinks_in_place_and_gives_the_rest_back) {
  Given<GranuleHeap> given;
  void* const at = given.c.malloc(5000);
  EXPECT_EQ(given.c.realloc(at, 100), at);
  EXPECT_EQ(given.c.usable_size(at), 112u);
  given.c.free(at);
}

TEST(MallocFamily, what_the_heap_finds_wrong_stops_the_program) {
  Given<GranuleHeap> given(std::size_t{1} << 20);
  void* const at = given.c.malloc(100);
  int foreign = 0;
  EXPECT_EQ(stop_of([&] { given.c.free_sized(at, 200); }).fault, Fault::wrong_layout);
  EXPECT_EQ(stop_of([&] { given.c.free_aligned_sized(at, 64, 10); }).fault, Fault::wrong_layout);
  for (const std::size_t odd : Sizes{0, 3, 24}) {
    EXPECT_EQ(stop_of([&] { given.c.free_aligned_sized(at, odd, 100); }).fault, Fault::alignment_not_power_of_two);
  }
  EXPECT_EQ(stop_of([&] { given.c.free(&foreign); }).fault, Fault::never_lent);
  EXPECT_EQ(stop_of([&] { given.c.free(static_cast<char*>(at) + 16); }).fault, Fault::never_lent);
  EXPECT_EQ(stop_of([&] { given.c.realloc(&foreign, 10); }).fault, Fault::never_lent);
  given.c.free(at);
  EXPECT_EQ(stop_of([&] { given.c.free(at); }).fault, Fault::freed_twice);
  EXPECT_EQ(stop_of([&] { given.c.realloc(at, 10); }).fault, Fault::freed_twice);
  EXPECT_EQ(stop_of([&] { given.c.realloc(at, 0); }).fault, Fault::freed_twice);
  EXPECT_EQ(given.heap.check(), Fault::none);
}

/// Has everything that a heap may have, and remembers what it was asked.
struct Able : GranuleHeap {
  void release(std::byte* at) noexcept {
    ++released;
    deallocate(at, Layout(size_of(at), granule));
  }
  Block allocate_zeroed(Layout asked) noexcept {
    ++zeroed;
    const Block block = allocate(asked);
    if (block) std::memset(block.at, 0, asked.size());
    return block;
  }
  Block reallocate(std::byte* at, Layout asked, std::size_t size) noexcept {
    moved_from = asked;
    return bareheap::reallocate(*this, at, asked, size);
  }

  int released = 0;
  int zeroed = 0;
  Layout moved_from{0, 1};
};

TEST(MallocFamily, a_heap_that_can_do_more_is_asked_to) {
  Given<Able> given;
  void* at = given.c.calloc(10, 10);
  EXPECT_EQ(given.heap.zeroed, 1);
  EXPECT_EQ(given.c.realloc(at, 112), at);
  EXPECT_EQ(given.c.realloc(at, 105), at);
  EXPECT_EQ(given.heap.moved_from, Layout(0, 1)) << "it has that already";
  at = given.c.realloc(at, 1000);
  EXPECT_EQ(given.heap.moved_from, Layout(112, usual));
  EXPECT_TRUE(holds(at, 100, 0));
  EXPECT_EQ(given.c.realloc(at, size_limit / 4), nullptr);
  EXPECT_EQ(Errors::take_no_memory(), 1);
  given.c.free(nullptr);
  EXPECT_EQ(given.heap.released, 0);
  given.c.free(at);
  EXPECT_EQ(given.c.realloc(given.c.malloc(1), 0), nullptr);
  EXPECT_EQ(given.heap.released, 2);
  EXPECT_EQ(given.c.calloc(size_limit, 2), nullptr);
  EXPECT_EQ(Errors::take_no_memory(), 1);
  EXPECT_TRUE(is_pristine(given.heap));
}

}  // namespace
}  // namespace bareheap::test
