// SPDX-License-Identifier: MIT
#include "ports/x86_64/mapper.hpp"

#include "ports/x86_64/frames.hpp"
#include "x86_64/host_frames.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>

namespace bareheap::x86_64 {
namespace {

using test::CountingCache;
using test::HostFrames;
using test::HostMapper;

constexpr std::uintptr_t page = 0xc3710000;
constexpr std::uint64_t no_execute = std::uint64_t{1} << 63;

const std::byte* at(std::uintptr_t address) { return reinterpret_cast<const std::byte*>(address); }

class MapperTest : public testing::Test {
 protected:
  void SetUp() override { CountingCache::reset(); }

  HostFrames frames_{16};
  test::Root root_;
  HostMapper mapper_{root_.start(), frames_};
};

TEST_F(MapperTest, S2_07_the_entry_lies_where_the_address_says) {
  ASSERT_EQ(mapper_.map(page, at(0x123000), {.write = true}), MapFault::none);
  EXPECT_EQ(root_.entry(0, 3, 27, 272), 0x123000 | 3 | no_execute);
  EXPECT_EQ(frames_.lent(), 3U);
  EXPECT_EQ(mapper_.translate(page + 0x371), 0x123371U);
  EXPECT_FALSE(mapper_.translate(page - 1));
  EXPECT_FALSE(mapper_.translate(page + page_size));
}

TEST_F(MapperTest, What_may_be_done) {
  ASSERT_EQ(mapper_.map(page, at(0x1000), {}), MapFault::none);
  ASSERT_EQ(mapper_.map(page + 0x1000, at(0x1000), {.execute = true}), MapFault::none);
  ASSERT_EQ(mapper_.map(page + 0x2000, at(0x1000), {.write = true, .cached = false}), MapFault::none);
  EXPECT_EQ(root_.entry(0, 3, 27, 272), 0x1001 | no_execute);
  EXPECT_EQ(root_.entry(0, 3, 27, 273), 0x1001U);
  EXPECT_EQ(root_.entry(0, 3, 27, 274), 0x101b | no_execute);
  EXPECT_EQ(mapper_.map(page + 0x3000, at(0x1000), {.write = true, .execute = true}), MapFault::write_and_execute);
  EXPECT_FALSE(mapper_.translate(page + 0x3000));
}

TEST_F(MapperTest, The_upper_half_and_its_last_page) {
  constexpr std::uintptr_t last = ~std::uintptr_t{0} - 0xfff;
  ASSERT_EQ(mapper_.map(last, at(0x5000), {}), MapFault::none);
  EXPECT_EQ(root_.entry(511, 511, 511, 511), 0x5001 | no_execute);
  EXPECT_EQ(mapper_.translate(~std::uintptr_t{0}), 0x5fffU);
  EXPECT_EQ(mapper_.unmap(last), at(0x5000));
  EXPECT_EQ(frames_.lent(), 0U);
}

TEST_F(MapperTest, Impossible_addresses_are_refused) {
  for (const std::uintptr_t bad : {std::uintptr_t{0x800000000000}, ~std::uintptr_t{0} << 48, page + 8}) {
    EXPECT_EQ(mapper_.map(bad, at(0x1000), {}), MapFault::bad_address);
    EXPECT_EQ(mapper_.unmap(bad), nullptr);
  }
  EXPECT_FALSE(mapper_.translate(0x800000000000));
  EXPECT_EQ(mapper_.map(page, at(0x1008), {}), MapFault::bad_address);
  EXPECT_EQ(mapper_.map(page, at(std::uintptr_t{1} << 52), {}), MapFault::bad_address);
  EXPECT_EQ(mapper_.map_large(page, at(0), {}), MapFault::bad_address);
  EXPECT_EQ(mapper_.map_large(0xc3600000, at(0x1000), {}), MapFault::bad_address);
  EXPECT_EQ(frames_.lent(), 0U);
}

TEST_F(MapperTest, What_is_mapped_is_not_mapped_again) {
  ASSERT_EQ(mapper_.map(page, at(0x1000), {}), MapFault::none);
  EXPECT_EQ(mapper_.map(page, at(0x2000), {}), MapFault::mapped_already);
  EXPECT_EQ(mapper_.map_large(0xc3600000, at(0), {}), MapFault::mapped_already);
  EXPECT_EQ(mapper_.translate(page), 0x1000U);
  EXPECT_EQ(frames_.lent(), 3U);
}

TEST_F(MapperTest, Large_pages) {
  ASSERT_EQ(mapper_.map_large(0xc3600000, at(0x200000), {.write = true}), MapFault::none);
  EXPECT_EQ(frames_.lent(), 2U);
  EXPECT_EQ(mapper_.translate(page + 5), 0x310005U);
  EXPECT_EQ(mapper_.map(page, at(0x1000), {}), MapFault::mapped_already);
  EXPECT_EQ(mapper_.unmap(page), nullptr);
  EXPECT_EQ(mapper_.translate(0xc3600000), 0x200000U);
  EXPECT_FALSE(mapper_.translate(0xc3800000));
}

TEST_F(MapperTest, Tables_that_become_empty_are_given_back) {
  ASSERT_EQ(mapper_.map(page, at(0x1000), {}), MapFault::none);
  ASSERT_EQ(mapper_.map(page + 0x1000, at(0x2000), {}), MapFault::none);
  ASSERT_EQ(mapper_.map(page + 0x40000000, at(0x3000), {}), MapFault::none);
  EXPECT_EQ(frames_.lent(), 5U);
  EXPECT_EQ(mapper_.unmap(page), at(0x1000));
  EXPECT_EQ(frames_.lent(), 5U);
  EXPECT_EQ(CountingCache::all_dropped, 0U);
  EXPECT_EQ(mapper_.unmap(page + 0x1000), at(0x2000));
  EXPECT_EQ(frames_.lent(), 3U);
  EXPECT_NE(CountingCache::all_dropped, 0U);
  EXPECT_EQ(mapper_.unmap(page + 0x40000000), at(0x3000));
  EXPECT_EQ(frames_.lent(), 0U);
  EXPECT_EQ(CountingCache::dropped, (std::vector<std::uintptr_t>{page, page + 0x1000, page + 0x40000000}));
  EXPECT_TRUE(root_.is_empty());
  EXPECT_EQ(mapper_.unmap(page), nullptr);
}

TEST_F(MapperTest, Tables_of_another_stay) {
  HostFrames others(8);
  HostMapper first(root_.start(), others);
  ASSERT_EQ(first.map(page, at(0x1000), {}), MapFault::none);
  EXPECT_EQ(mapper_.unmap(page), at(0x1000));
  EXPECT_EQ(others.lent(), 3U);
  ASSERT_EQ(mapper_.map(page + 0x200000, at(0x2000), {}), MapFault::none);
  EXPECT_EQ(frames_.lent(), 1U);
  EXPECT_EQ(mapper_.unmap(page + 0x200000), at(0x2000));
  EXPECT_EQ(frames_.lent(), 0U);
  EXPECT_EQ(others.lent(), 3U);
}

TEST_F(MapperTest, Where_a_table_is_missing_nothing_changes) {
  for (std::size_t left = 0; left < 3; ++left) {
    HostFrames few(8);
    few.leave(left);
    test::Root root;
    HostMapper mapper(root.start(), few);
    EXPECT_EQ(mapper.map(page, at(0x1000), {}), MapFault::no_frame);
    EXPECT_EQ(few.left(), left);
    EXPECT_TRUE(root.is_empty());
  }
}

TEST_F(MapperTest, Flush_drops_all) {
  mapper_.flush();
  EXPECT_EQ(CountingCache::all_dropped, 1U);
}

TEST_F(MapperTest, Is_what_was_mapped_and_not_unmapped) {
  HostFrames frames(64);
  HostMapper mapper(root_.start(), frames);
  std::map<std::uintptr_t, std::uintptr_t> model;
  std::mt19937_64 dice(371);
  for (int call = 0; call < 20000; ++call) {
    const std::uint64_t word = dice();
    const std::uintptr_t address =
        (word & 1) << 39 | (word >> 1 & 1) << 30 | (word >> 2 & 1) << 21 | (word >> 3 & 7) << 12;
    const std::uintptr_t frame = word >> 20 << 12 & 0xffffffff000;
    if (word >> 6 & 1) {
      const MapFault fault = mapper.map(address, at(frame), {});
      ASSERT_EQ(fault, model.contains(address) ? MapFault::mapped_already : MapFault::none);
      model.try_emplace(address, frame);
    } else {
      const auto mapped = model.find(address);
      ASSERT_EQ(mapper.unmap(address), mapped == model.end() ? nullptr : at(mapped->second));
      if (mapped != model.end()) model.erase(mapped);
    }
    const auto mapped = model.find(address);
    const auto translated = mapper.translate(address + 7);
    ASSERT_EQ(translated.has_value(), mapped != model.end());
    if (translated) {
      ASSERT_EQ(*translated, mapped->second + 7);
    }
  }
  for (const auto& [address, frame] : model) mapper.unmap(address);
  EXPECT_EQ(frames.lent(), 0U);
}

TEST(PageHeapFrames, Are_pages_of_the_heap) {
  bareheap::test::HostRegion memory(8 * page_size);
  PageHeap heap;
  ASSERT_TRUE(heap.init(memory.region()));
  PageHeapFrames frames(heap);
  std::byte* const frame = frames.take();
  EXPECT_TRUE(address_of(frame) % page_size == 0 && frames.owns(frame) && !frames.owns(memory.region().end()));
  std::byte* other = frame;
  for (std::size_t count = 1; other != nullptr; ++count) {
    ASSERT_LT(count, 9U);
    other = frames.take();
  }
  frames.give(frame);
  EXPECT_EQ(frames.take(), frame);
}

TEST(MapFault, Has_a_sentence_each) {
  for (int i = 0; i <= static_cast<int>(MapFault::write_and_execute); ++i) {
    EXPECT_STRNE(sentence(static_cast<MapFault>(i)), "the number of a fault is out of range");
  }
}

}  // namespace
}  // namespace bareheap::x86_64
