// SPDX-License-Identifier: MIT
#include "ports/riscv64/board.hpp"

#include "riscv64/tree_builder.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bareheap::test {
namespace {

using riscv64::Board;

const char* read(const Blob& blob, std::uint64_t hart, Board& board) {
  port::DeviceTree tree;
  const char* const fault = tree.open(blob);
  return fault == nullptr ? riscv64::read_board(tree, {0x87e00000, blob.size()}, hart, board) : fault;
}

/// The least of a tree that a board needs, its cpus' and root's nodes left open.
TreeBuilder cpus(std::uint32_t clock) {
  TreeBuilder tree;
  tree.begin("").begin("memory").text("device_type", "memory").cells("reg", {0, 0x80000000, 0x8000000}).end();
  tree.begin("cpus").cells("#address-cells", {1}).cells("#size-cells", {0});
  return clock == 0 ? tree : tree.cells("timebase-frequency", {clock});
}

void add_cpu(TreeBuilder& tree, std::uint32_t hart, std::string_view status) {
  tree.begin("cpu").text("device_type", "cpu").cells("reg", {hart}).text("status", status).end();
}

TEST(Board, KnowsTheMachine) {
  Board board;
  ASSERT_EQ(read(virt_blob(), 0, board), nullptr);
  EXPECT_EQ(board.timer_frequency, 10'000'000U);
  EXPECT_EQ(board.hart_count, 2U);
  EXPECT_EQ(board.uart, 0x10000000U);
  EXPECT_EQ(board.test_device, 0x100000U);
}

TEST(Board, TheHartThatBootedIsCpu0) {
  Board board;
  ASSERT_EQ(read(virt_blob(), 1, board), nullptr);
  EXPECT_EQ(board.harts[0], 1U);
  EXPECT_EQ(board.harts[1], 0U);
}

TEST(Board, CountsHartsInUseUpToItsLimit) {
  TreeBuilder tree = cpus(1000);
  add_cpu(tree, 100, "disabled");
  for (std::uint32_t hart = 20; hart > 8; --hart) add_cpu(tree, hart, "okay");
  Board board;
  ASSERT_EQ(read(tree.end().end().build(), 9, board), nullptr);
  EXPECT_EQ(board.hart_count, riscv64::cpu_limit);
  EXPECT_EQ(board.harts[0], 9U);
  EXPECT_EQ(board.harts[1], 20U);
  EXPECT_EQ(board.harts[7], 14U);
}

TEST(Board, TakesNoDeviceThatItCannotReach) {
  TreeBuilder tree = cpus(1000);
  add_cpu(tree, 0, "okay");
  tree.end().begin("bus").cells("#address-cells", {1}).cells("#size-cells", {1}).cells("ranges", {0, 0x1000, 0x1000});
  tree.begin("uart").text("compatible", "ns16550a").cells("reg", {0x10000000, 0x100}).end().end();
  tree.begin("wide").text("compatible", "ns16550a").cells("reg-shift", {2}).cells("reg", {0, 0x20000000, 1}).end();
  tree.begin("off").text("compatible", "ns16550a").text("status", "disabled").cells("reg", {0, 0x30000000, 1}).end();
  Board board;
  ASSERT_EQ(read(tree.end().build(), 0, board), nullptr);
  EXPECT_EQ(board.uart, 0U);
  EXPECT_EQ(board.test_device, 0U);
}

TEST(Board, RefusesATreeThatLeavesOutWhatIsNeeded) {
  Board board;
  EXPECT_STREQ(read(virt_blob(), 2, board), "the device tree does not name the hart that booted");
  TreeBuilder without_clock = cpus(0);
  add_cpu(without_clock, 0, "okay");
  Board second;
  EXPECT_STREQ(read(without_clock.end().end().build(), 0, second),
               "the device tree does not say how fast the clock is");
}

}  // namespace
}  // namespace bareheap::test
