// SPDX-License-Identifier: MIT
#include "ports/common/memory_map.hpp"

#include "riscv64/tree_builder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace bareheap::test {
namespace {

using port::MemoryMap;
using port::Stretch;
using Stretches = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

constexpr port::DeviceTree::Range nowhere{0, 0};

const char* read(const Blob& blob, MemoryMap& map, port::DeviceTree::Range itself = nowhere) {
  port::DeviceTree tree;
  const char* const fault = tree.open(blob);
  return fault == nullptr ? port::read_memory_map(tree, itself, map) : fault;
}

Stretches free_in(const MemoryMap& map, std::uint64_t first = 0) {
  Stretches shown;
  port::each_stretch(map.memory.all(), map.reserved.all(), first,
                     [&](Stretch stretch) { shown.emplace_back(stretch.start, stretch.end); });
  return shown;
}

TreeBuilder tree_with(std::initializer_list<std::uint32_t> memory) {
  TreeBuilder tree;
  tree.begin("").cells("#address-cells", {1}).cells("#size-cells", {1});
  tree.begin("memory").text("device_type", "memory").cells("reg", memory).end();
  return tree;
}

TreeBuilder& reserved(TreeBuilder& tree, std::initializer_list<std::uint32_t> reg) {
  tree.begin("reserved-memory").cells("#address-cells", {1}).cells("#size-cells", {1});
  return tree.begin("piece").cells("reg", reg).end().end();
}

TEST(MemoryMap, S3_09_leaves_out_everything_that_is_somebodys) {
  MemoryMap map;
  TreeBuilder tree = virt_tree().reserve(0x81000000, 0x1000);
  tree.begin("chosen").cells("linux,initrd-start", {0x84000000}).cells("linux,initrd-end", {0, 0x84000801}).end();
  ASSERT_EQ(read(tree.end().build(), map, {0x87e00000, 0x1234}), nullptr);
  EXPECT_EQ(
      free_in(map, 0x80300000),
      (Stretches{
          {0x80300000, 0x81000000}, {0x81001000, 0x84000000}, {0x84001000, 0x87e00000}, {0x87e02000, 0x88000000}}));
  ASSERT_EQ(map.unmappable.all().size(), 1U);
  EXPECT_EQ(map.unmappable.all()[0].end, 0x80080000U);
}

TEST(MemoryMap, RoundsMemoryInwardAndWhatIsReservedOutward) {
  MemoryMap map;
  TreeBuilder tree = tree_with({0x1001, 0x8000});
  ASSERT_EQ(read(reserved(tree, {0x4fff, 2}).end().build(), map), nullptr);
  EXPECT_EQ(free_in(map), (Stretches{{0x2000, 0x4000}, {0x6000, 0x9000}}));
}

TEST(MemoryMap, PutsPiecesInOrder) {
  MemoryMap map;
  TreeBuilder tree = tree_with({0x9000, 0x1000, 0x1000, 0x4000, 0x2000, 0x5000, 0, 0});
  ASSERT_EQ(read(reserved(tree, {0x3000, 0x1000, 0x3000, 0x2000, 0, 0}).end().build(), map), nullptr);
  EXPECT_EQ(free_in(map), (Stretches{{0x1000, 0x3000}, {0x5000, 0x7000}, {0x9000, 0xa000}}));
  EXPECT_EQ(free_in(map, 0x6000), (Stretches{{0x6000, 0x7000}, {0x9000, 0xa000}}));
  EXPECT_EQ(free_in(map, 0xa000), Stretches{});
}

TEST(MemoryMap, LeavesOutNodesThatAreNotInUse) {
  MemoryMap map;
  TreeBuilder tree = tree_with({0x1000, 0x8000});
  tree.begin("memory@10000")
      .text("device_type", "memory")
      .text("status", "disabled")
      .cells("reg", {0x10000, 0x1000})
      .end();
  tree.begin("other").text("device_type", "memory-like").cells("reg", {0x20000, 0x1000}).end();
  tree.begin("bus").cells("#address-cells", {1}).cells("#size-cells", {1});
  tree.begin("memory").text("device_type", "memory").cells("reg", {0x30000, 0x1000}).end().end();
  ASSERT_EQ(read(tree.end().build(), map), nullptr);
  EXPECT_EQ(free_in(map), (Stretches{{0x1000, 0x9000}}));
}

void expect_fault(const Blob& blob, std::string_view part) {
  MemoryMap map;
  const char* const fault = read(blob, map);
  ASSERT_NE(fault, nullptr) << "expected: " << part;
  EXPECT_NE(std::string_view(fault).find(part), std::string_view::npos) << fault;
}

TEST(MemoryMap, RefusesWhatCannotBe) {
  TreeBuilder wrapping;
  wrapping.begin("").begin("memory").text("device_type", "memory").cells("reg", {0xffffffff, 0xfffff000, 0x1000}).end();
  expect_fault(wrapping.end().build(), "beyond the last address");
  expect_fault(tree_with({0x1000, 0x1000}).end().reserve(~0ULL, 2).build(), "beyond the last address");
  expect_fault(tree_with({0x1000, 0x1000}).end().reserve(2, ~0ULL).build(), "beyond the last address");
  expect_fault(tree_with({0x1000}).end().build(), "an unknown width");
  expect_fault(tree_with({}).end().build(), "no memory");
  expect_fault(tree_with({0x1001, 0x1000}).end().build(), "no memory");
  TreeBuilder disk = tree_with({0x1000, 0x1000});
  disk.begin("chosen").cells("linux,initrd-start", {2}).cells("linux,initrd-end", {1}).end();
  expect_fault(disk.end().build(), "ends before it starts");
  TreeBuilder many = tree_with({0x1000, 0x1000});
  for (std::uint64_t piece = 1; piece <= port::StretchList::limit + 1; ++piece) many.reserve(piece << 20, 1);
  expect_fault(many.end().build(), "more pieces of memory");
}

}  // namespace
}  // namespace bareheap::test
