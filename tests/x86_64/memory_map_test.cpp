// SPDX-License-Identifier: MIT
#include "ports/x86_64/memory_map.hpp"

#include "x86_64/firmware.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

namespace bareheap::x86_64 {
namespace {

using test::Firmware;
using Stretches = std::vector<Stretch>;

constexpr std::uint64_t most = ~std::uint64_t{0};
constexpr std::uint64_t mib = 0x100000;

Stretches stretches(const MemoryMap& map) { return {map.stretches().begin(), map.stretches().end()}; }

TEST(MemoryMap, Takes_whole_pages_that_lie_inside) {
  MemoryMap map;
  map.add(0x1001, 0x2fff);
  EXPECT_EQ(stretches(map), (Stretches{{0x2000, 0x4000}}));
  map.add(0x10000, 0);
  map.add(0x10001, 0x1ffe);
  EXPECT_EQ(stretches(map), (Stretches{{0x2000, 0x4000}}));
}

TEST(MemoryMap, Sorts_and_merges) {
  MemoryMap map;
  map.add(0x9000, 0x1000);
  map.add(0x1000, 0x1000);
  map.add(0x5000, 0x1000);
  EXPECT_EQ(stretches(map), (Stretches{{0x1000, 0x2000}, {0x5000, 0x6000}, {0x9000, 0xa000}}));
  map.add(0x2000, 0x1000);  // touches
  map.add(0x4000, 0x5800);  // overlaps two
  EXPECT_EQ(stretches(map), (Stretches{{0x1000, 0x3000}, {0x4000, 0xa000}}));
  map.add(0, 0x100000);
  EXPECT_EQ(stretches(map), (Stretches{{0, 0x100000}}));
}

TEST(MemoryMap, Ends_at_its_limit) {
  MemoryMap map;
  map.add(mib, most);
  EXPECT_EQ(stretches(map), (Stretches{{mib, MemoryMap::limit}}));
  map.add(most - 10, 5);
  map.add(most, most);
  map.add(MemoryMap::limit, 0x1000);
  EXPECT_EQ(stretches(map), (Stretches{{mib, MemoryMap::limit}}));
  map.remove(2 * mib, most);
  EXPECT_EQ(stretches(map), (Stretches{{mib, 2 * mib}}));
  map.remove(most, most);
  map.remove(0, 0);
  EXPECT_EQ(stretches(map), (Stretches{{mib, 2 * mib}}));
  map.remove(0, most);
  EXPECT_EQ(stretches(map), Stretches{});
}

TEST(MemoryMap, Removes_every_page_that_is_touched) {
  MemoryMap map;
  map.add(0x1000, 0xf000);
  map.remove(0x3fff, 2);
  EXPECT_EQ(stretches(map), (Stretches{{0x1000, 0x3000}, {0x5000, 0x10000}}));
  map.remove(0xf001, 1);
  map.remove(0x800, 0x801);
  EXPECT_EQ(stretches(map), (Stretches{{0x2000, 0x3000}, {0x5000, 0xf000}}));
  map.remove(0x2000, 0x4000);
  EXPECT_EQ(stretches(map), (Stretches{{0x6000, 0xf000}}));
}

TEST(MemoryMap, Takes_the_highest_page_below) {
  MemoryMap map;
  map.add(0x1000, 0x2000);
  map.add(0x8000, 0x8000);
  EXPECT_EQ(map.take_page_below(0xa000), 0x9000U);
  EXPECT_EQ(map.take_page_below(0xa000), 0x8000U);
  EXPECT_EQ(map.take_page_below(0xa000), 0x2000U);
  EXPECT_EQ(map.take_page_below(0xa000), 0x1000U);
  EXPECT_EQ(map.take_page_below(0xa000), 0U);
  EXPECT_EQ(stretches(map), (Stretches{{0xa000, 0x10000}}));
}

TEST(MemoryMap, What_has_no_place_is_lost_and_nothing_else) {
  MemoryMap map;
  for (std::uint64_t i = 0; i < 100; ++i) map.add(i * 0x2000, 0x1000);
  ASSERT_EQ(map.stretches().size(), MemoryMap::most_stretches);
  map.remove(0, 0x1000);
  map.add(0x1000000, 0x3000);
  map.remove(0x1001000, 1);  // no place for the upper half
  EXPECT_TRUE(map.contains(0x1000000, 0x1001000));
  EXPECT_FALSE(map.contains(0x1002000, 0x1003000));
}

/// Against one bit a page.
TEST(MemoryMap, Is_what_was_added_and_not_removed) {
  std::mt19937_64 dice(371);
  constexpr std::size_t pages = 128;
  for (int round = 0; round < 2000; ++round) {
    MemoryMap map;
    std::vector<bool> usable(pages);
    for (int call = 0; call < 20; ++call) {
      const std::uint64_t start = dice() % (pages * page_size);
      const std::uint64_t size = dice() % (dice() % 4 == 0 ? pages * page_size : 5 * page_size);
      const bool adds = dice() % 2 == 0;
      adds ? map.add(start, size) : map.remove(start, size);
      for (std::size_t page = 0; page < pages; ++page) {
        const std::uint64_t at = page * page_size;
        if (adds && start <= at && at + page_size <= start + size) usable[page] = true;
        if (!adds && size != 0 && start < at + page_size && at < start + size) usable[page] = false;
      }
      std::uint64_t end = 0;
      for (const Stretch& stretch : map.stretches()) {
        ASSERT_TRUE(stretch.start < stretch.end && (end == 0 || stretch.start > end));
        end = stretch.end;
      }
      for (std::size_t page = 0; page < pages; ++page) {
        ASSERT_EQ(map.contains(page * page_size, (page + 1) * page_size), usable[page]);
      }
    }
  }
}

/// A loader's words, with one map and no modules.
class StartTest : public testing::Test {
 protected:
  std::uint64_t put_start(std::vector<pvh::MapEntry> entries, std::vector<pvh::Module> modules = {}) {
    start_.memory_map_entries = static_cast<std::uint32_t>(entries.size());
    start_.memory_map = firmware_.next();
    for (const pvh::MapEntry& entry : entries) firmware_.put(entry);
    start_.modules = static_cast<std::uint32_t>(modules.size());
    start_.module_list = firmware_.next();
    for (const pvh::Module& module : modules) firmware_.put(module);
    return firmware_.put(start_);
  }

  StartInformation read(std::uint64_t address) { return StartReader(firmware_.memory()).read(address); }

  Firmware firmware_;
  pvh::Start start_{.magic = pvh::magic,
                    .version = 1,
                    .flags = 0,
                    .modules = 0,
                    .module_list = 0,
                    .command_line = 0,
                    .acpi = 0xf59d0,
                    .memory_map = 0,
                    .memory_map_entries = 0,
                    .reserved = 0};
};

TEST_F(StartTest, Of_QEMU) {
  const std::uint64_t start = put_start({{0, 0x9fc00, 1, 0},
                                         {0x9fc00, 0x400, 2, 0},
                                         {0xf0000, 0x10000, 2, 0},
                                         {0x100000, 0x7ee0000, 1, 0},
                                         {0x7fe0000, 0x20000, 2, 0},
                                         {0xfffc0000, 0x40000, 2, 0},
                                         {0xfd00000000, 0x300000000, 2, 0}});
  const StartInformation read = this->read(start);
  EXPECT_EQ(read.fault, StartFault::none);
  EXPECT_EQ(read.acpi, 0xf59d0U);
  EXPECT_EQ(stretches(read.usable), (Stretches{{mib, 0x7fe0000}}));
}

TEST_F(StartTest, What_one_entry_reserves_no_other_frees) {
  const std::uint64_t start =
      put_start({{3 * mib, mib, 2, 0}, {2 * mib, 4 * mib, 1, 0}, {2 * mib, 0x800, 7, 0}, {mib, most, 5, 0}});
  EXPECT_EQ(stretches(read(start).usable), Stretches{});
  const std::uint64_t other = put_start({{3 * mib, mib, 2, 0}, {2 * mib, 4 * mib, 1, 0}, {2 * mib, 0x800, 7, 0}});
  EXPECT_EQ(stretches(read(other).usable), (Stretches{{2 * mib + page_size, 3 * mib}, {4 * mib, 6 * mib}}));
}

TEST_F(StartTest, Leaves_out_modules_and_texts) {
  start_.command_line = 5 * mib;  // cannot be read: a byte of it is left out all the same
  const std::uint64_t start = put_start({{mib, 9 * mib, 1, 0}}, {{2 * mib, mib, 4 * mib, 0}, {8 * mib + 1, 1, 0, 0}});
  EXPECT_EQ(stretches(read(start).usable), (Stretches{{mib, 2 * mib},
                                                      {3 * mib, 4 * mib},
                                                      {4 * mib + page_size, 5 * mib},
                                                      {5 * mib + page_size, 8 * mib},
                                                      {8 * mib + page_size, 10 * mib}}));
}

/// The same words, but as if they lay in usable memory above the first MiB.
TEST(StartInMemory, Leaves_out_itself) {
  constexpr std::uint64_t at = 16 * mib;
  std::vector<std::byte> bytes(3 * page_size);
  const pvh::Start start{.magic = pvh::magic,
                         .version = 1,
                         .flags = 0,
                         .modules = 0,
                         .module_list = 0,
                         .command_line = at + 2 * page_size - 2,
                         .acpi = 0,
                         .memory_map = at + page_size,
                         .memory_map_entries = 1,
                         .reserved = 0};
  const pvh::MapEntry entry{0, 32 * mib, 1, 0};
  std::memcpy(bytes.data(), &start, sizeof start);
  std::memcpy(bytes.data() + page_size, &entry, sizeof entry);
  std::memcpy(bytes.data() + 2 * page_size - 2, "quiet", 6);
  const StartInformation read = StartReader({{bytes.data(), bytes.size()}, at}).read(at);
  EXPECT_EQ(read.fault, StartFault::none);
  EXPECT_EQ(stretches(read.usable), (Stretches{{mib, at}, {at + 3 * page_size, 32 * mib}}));
}

TEST_F(StartTest, Says_why_not) {
  const std::uint64_t good = put_start({{mib, mib, 1, 0}});
  EXPECT_EQ(read(0).fault, StartFault::not_found);
  EXPECT_EQ(read(most).fault, StartFault::not_found);
  EXPECT_EQ(read(good + 1).fault, StartFault::not_found);
  firmware_.change<std::uint32_t>(good + offsetof(pvh::Start, version), 0);
  EXPECT_EQ(read(good).fault, StartFault::has_no_map);
  firmware_.change<std::uint32_t>(good + offsetof(pvh::Start, version), 2);
  EXPECT_EQ(read(good).fault, StartFault::none);
  firmware_.change<std::uint32_t>(good + offsetof(pvh::Start, memory_map_entries), 0);
  EXPECT_EQ(read(good).fault, StartFault::has_no_map);
  firmware_.change<std::uint32_t>(good + offsetof(pvh::Start, memory_map_entries), 5);
  EXPECT_EQ(read(good).fault, StartFault::unreadable);
  firmware_.change<std::uint32_t>(good + offsetof(pvh::Start, memory_map_entries), 1025);
  EXPECT_EQ(read(good).fault, StartFault::too_long);
  firmware_.change<std::uint32_t>(good + offsetof(pvh::Start, memory_map_entries), 1);
  firmware_.change<std::uint32_t>(good + offsetof(pvh::Start, modules), 1024);
  EXPECT_EQ(read(good).fault, StartFault::unreadable);
  firmware_.change<std::uint32_t>(good + offsetof(pvh::Start, modules), 1025);
  EXPECT_EQ(read(good).fault, StartFault::too_long);
  firmware_.change<std::uint32_t>(good + offsetof(pvh::Start, modules), 0);
  firmware_.change<std::uint64_t>(good + offsetof(pvh::Start, memory_map), most);
  EXPECT_EQ(read(good).fault, StartFault::unreadable);
  firmware_.cut(firmware_.next() - 1);
  EXPECT_EQ(read(good).fault, StartFault::not_found);
}

TEST(StartFault, Has_a_sentence_each) {
  for (int i = 0; i <= static_cast<int>(StartFault::too_long); ++i) {
    EXPECT_STRNE(sentence(static_cast<StartFault>(i)), "the number of a fault is out of range");
  }
}

}  // namespace
}  // namespace bareheap::x86_64
