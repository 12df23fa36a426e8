// SPDX-License-Identifier: MIT
#include "ports/common/device_tree.hpp"

#include "ports/common/memory_map.hpp"
#include "ports/riscv64/board.hpp"
#include "riscv64/tree_builder.hpp"

#include <gtest/gtest.h>

#include <sys/mman.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

namespace bareheap::test {
namespace {

using port::DeviceTree;
using Node = DeviceTree::Node;

/// A copy whose end is the end of what may be read: the page after it is not mapped.
class Guarded {
 public:
  static constexpr std::size_t page = 4096;
  static constexpr std::size_t pages = 4;

  Guarded() {
    void* const at = ::mmap(nullptr, (pages + 1) * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memory_ = static_cast<std::byte*>(at);
    ::mprotect(memory_ + pages * page, page, PROT_NONE);
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  ~Guarded() { ::munmap(memory_, (pages + 1) * page); }

  DeviceTree::Bytes hold(const Blob& blob) {
    std::byte* const start = memory_ + pages * page - blob.size();
    std::ranges::copy(blob, start);
    return {start, blob.size()};
  }

 private:
  std::byte* memory_;
};

const char* fault_of(const Blob& blob) {
  Guarded guarded;
  DeviceTree tree;
  return tree.open(guarded.hold(blob));
}

void expect_fault(const Blob& blob, std::string_view part) {
  const char* const fault = fault_of(blob);
  ASSERT_NE(fault, nullptr) << "expected: " << part;
  EXPECT_NE(std::string_view(fault).find(part), std::string_view::npos) << fault;
}

Blob with_header(std::size_t field, std::uint32_t value) {
  Blob blob = virt_blob();
  set_number(blob, field, value);
  return blob;
}

TEST(DeviceTree, ShowsEveryNodeWithItsParents) {
  const Blob blob = virt_blob();
  DeviceTree tree;
  ASSERT_EQ(tree.open(blob), nullptr);
  std::vector<std::string> paths;
  tree.each_node([&](const Node& node) {
    std::string path;
    for (const Node* at = &node; at != nullptr; at = at->parent()) path = "/" + std::string(at->name()) + path;
    paths.push_back(std::to_string(node.depth()) + path);
  });
  const std::vector<std::string> expected = {"0/",
                                             "1//memory@80000000",
                                             "1//reserved-memory",
                                             "2//reserved-memory/firmware@80000000",
                                             "1//cpus",
                                             "2//cpus/cpu@0",
                                             "2//cpus/cpu@1",
                                             "1//soc",
                                             "2//soc/uart@10000000",
                                             "2//soc/test@100000"};
  EXPECT_EQ(paths, expected);
}

TEST(DeviceTree, ReadsProperties) {
  TreeBuilder builder;
  builder.begin("").cells("four", {0x01020304}).cells("eight", {1, 2}).cells("twelve", {1, 2, 3}).property("none", {});
  builder.token(4).text("list", std::string_view("first\0second", 12));
  builder.property("endless", {std::byte{'a'}, std::byte{'b'}});
  builder.begin("child").cells("hidden", {1}).text("status", "disabled").end().end();
  const Blob blob = builder.build();
  DeviceTree tree;
  ASSERT_EQ(tree.open(blob), nullptr);
  tree.each_node([](const Node& node) {
    EXPECT_EQ(node.in_use(), node.depth() == 0);
    if (node.depth() != 0) return;
    EXPECT_EQ(node.number("four"), 0x01020304);
    EXPECT_EQ(node.number("eight"), 0x100000002);
    EXPECT_FALSE(node.number("twelve"));
    EXPECT_FALSE(node.number("none"));
    EXPECT_FALSE(node.number("hidden"));
    EXPECT_TRUE(node.property("none") && node.property("none")->empty());
    EXPECT_FALSE(node.property("non") || node.property("nones"));
    EXPECT_TRUE(node.lists("list", "first") && node.lists("list", "second"));
    EXPECT_FALSE(node.lists("list", "sec") || node.lists("list", "third") || node.lists("endless", "ab"));
  });
}

/// What `reg` of a child says, where its parent says how wide the numbers are.
std::pair<bool, std::vector<std::uint64_t>> ranges_of(std::uint32_t address_cells, std::uint32_t size_cells,
                                                      std::initializer_list<std::uint32_t> reg) {
  TreeBuilder builder;
  builder.begin("").cells("#address-cells", {address_cells}).cells("#size-cells", {size_cells});
  const Blob blob = builder.begin("child").cells("reg", reg).end().end().build();
  DeviceTree tree;
  EXPECT_EQ(tree.open(blob), nullptr);
  std::pair<bool, std::vector<std::uint64_t>> result{false, {}};
  tree.each_node([&](const Node& node) {
    if (node.depth() == 0) return;
    result.first = node.each_range([&](const DeviceTree::Range& range) {
      result.second.insert(result.second.end(), {range.start, range.size});
    });
  });
  return result;
}

TEST(DeviceTree, ReadsRangesOfEveryWidth) {
  using Numbers = std::vector<std::uint64_t>;
  EXPECT_EQ(ranges_of(1, 1, {1, 2, 3, 4}), std::pair(true, Numbers{1, 2, 3, 4}));
  EXPECT_EQ(ranges_of(2, 1, {1, 2, 3}), std::pair(true, Numbers{0x100000002, 3}));
  EXPECT_EQ(ranges_of(1, 2, {1, 2, 3}), std::pair(true, Numbers{1, 0x200000003}));
  EXPECT_EQ(ranges_of(2, 2, {1, 2, 3, 4}), std::pair(true, Numbers{0x100000002, 0x300000004}));
  EXPECT_EQ(ranges_of(1, 0, {7, 8}), std::pair(true, Numbers{7, 0, 8, 0}));
  EXPECT_FALSE(ranges_of(0, 1, {1}).first);
  EXPECT_FALSE(ranges_of(3, 1, {1, 2, 3, 4}).first);
  EXPECT_FALSE(ranges_of(1, 3, {1, 2, 3, 4}).first);
  EXPECT_FALSE(ranges_of(2, 2, {1, 2, 3}).first);
  EXPECT_TRUE(ranges_of(2, 2, {}).first);
}

TEST(DeviceTree, RefusesBrokenHeaders) {
  expect_fault({}, "smaller than its header");
  expect_fault(Blob(39), "smaller than its header");
  expect_fault(with_header(0, 0xd00dfeee), "there is no device tree");
  const auto size = static_cast<std::uint32_t>(virt_blob().size());
  expect_fault(with_header(4, 0), "there is no device tree");
  for (const std::uint32_t wrong : {39U, size + 1, 0xffffffffU}) expect_fault(with_header(4, wrong), "impossible size");
  expect_fault(with_header(20, 16), "a version that nobody knows");
  expect_fault(with_header(24, 18), "a version that nobody knows");
  for (const std::size_t field : {8U, 12U, 16U}) {
    for (const std::uint32_t wrong : {0U, 32U, size + 8, 0xfffffff8U}) {
      expect_fault(with_header(field, wrong), "parts outside");
    }
  }
  for (const std::size_t field : {32U, 36U}) expect_fault(with_header(field, 0xffffffff), "parts outside");
  expect_fault(with_header(8, 41), "parts outside");
}

TEST(DeviceTree, RefusesBrokenStructures) {
  expect_fault(TreeBuilder().begin("").build(), "ends inside a node");
  expect_fault(TreeBuilder().begin("").end().end().build(), "beside its root");
  expect_fault(TreeBuilder().begin("").end().begin("").end().build(), "beside its root");
  expect_fault(TreeBuilder().cells("four", {4}).begin("").end().build(), "beside its root");
  expect_fault(TreeBuilder().build(), "beside its root");
  expect_fault(TreeBuilder().begin("").token(5).end().build(), "a token that nobody knows");
  expect_fault(TreeBuilder().begin("").begin("a").end().cells("late", {1}).end().build(), "a property after a child");
  expect_fault(TreeBuilder().begin("").token(3).token(100).token(0).build(), "property without a name");
  expect_fault(TreeBuilder().begin("").text("a", "b").token(3).token(20).token(0).build(), "reaches beyond");
  expect_fault(TreeBuilder().begin("").text("a", "b").token(3).token(0xffffffff).token(0).build(), "reaches beyond");
  expect_fault(TreeBuilder().begin("").text("a", "b").token(3).token(0).token(2).build(), "property without a name");
}

TEST(DeviceTree, RefusesEveryPlaceToBeCutOff) {
  const Blob whole = virt_blob();
  const auto structure_size = static_cast<std::uint32_t>(port::tree_number(std::span(whole).subspan(36, 4)));
  for (std::uint32_t size = 0; size < structure_size; ++size)
    EXPECT_NE(fault_of(with_header(36, size)), nullptr) << size;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(fault_of(Blob(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))), nullptr) << size;
  }
  Blob unterminated = whole;
  unterminated.back() = std::byte{'x'};
  expect_fault(unterminated, "property without a name");
}

TEST(DeviceTree, RefusesReservationsWithoutEnd) {
  Blob blob = virt_blob();
  std::fill(blob.begin() + 40, blob.end(), std::byte{1});
  expect_fault(blob, "list of reserved memory has no end");
}

TEST(DeviceTree, TakesTheDeepestTreeAndRefusesADeeperOne) {
  for (const std::size_t depth : {DeviceTree::depth_limit, DeviceTree::depth_limit + 1}) {
    TreeBuilder builder;
    for (std::size_t i = 0; i < depth; ++i) builder.begin(i == 0 ? "" : "deep");
    for (std::size_t i = 0; i < depth; ++i) builder.end();
    const Blob blob = builder.build();
    if (depth > DeviceTree::depth_limit) {
      expect_fault(blob, "nested too deep");
      continue;
    }
    DeviceTree tree;
    ASSERT_EQ(tree.open(blob), nullptr);
    std::size_t deepest = 0;
    tree.each_node([&](const Node& node) { deepest = std::max(deepest, node.depth()); });
    EXPECT_EQ(deepest, depth - 1);
  }
}

/// One to four changes of the kinds that hurt: a bit, a byte, a word that is a size, a piece cut out.
void mutate(Blob& blob, std::mt19937_64& random) {
  static constexpr std::uint32_t words[] = {0, 1, 2, 3, 4, 9, 5, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff};
  for (std::uint64_t changes = random() % 4 + 1; changes != 0; --changes) {
    const std::size_t at = random() % blob.size();
    switch (random() % 4) {
      case 0: blob[at] ^= static_cast<std::byte>(1U << random() % 8); break;
      case 1: blob[at] = static_cast<std::byte>(random()); break;
      case 2: set_number(blob, std::min(at / 4 * 4, blob.size() - 4), words[random() % std::size(words)]); break;
      default: blob.resize(std::max<std::size_t>(at, 4)); break;
    }
  }
}

/// Sound or refused with a sentence, and nothing outside is read. What is free then is free.
TEST(DeviceTree, SurvivesMutations) {
  const Blob whole = virt_tree().reserve(0x81000000, 0x1000).end().build();
  std::mt19937_64 random(17);
  Guarded guarded;
  std::map<std::string, std::size_t> ends;
  for (int round = 0; round < 200'000; ++round) {
    Blob blob = whole;
    mutate(blob, random);
    DeviceTree tree;
    const char* fault = tree.open(guarded.hold(blob));
    riscv64::Board board;
    if (fault == nullptr) fault = riscv64::read_board(tree, {0x87e00000, blob.size()}, 0, board);
    ++ends[fault == nullptr ? "" : fault];
    if (fault != nullptr) continue;
    std::uint64_t last = 0x80200000;
    std::size_t shown = 0;
    port::each_stretch(board.map.memory.all(), board.map.reserved.all(), last, [&](port::Stretch stretch) {
      ASSERT_LE(last, stretch.start);
      ASSERT_LT(stretch.start, stretch.end);
      for (const port::Stretch& taken : board.map.reserved.all()) {
        ASSERT_TRUE(stretch.end <= taken.start || taken.end <= stretch.start);
      }
      last = stretch.end;
      ASSERT_LT(++shown, 100U);
    });
    ASSERT_LE(board.hart_count, riscv64::cpu_limit);
  }
  EXPECT_GT(ends[""], 1000U);
  EXPECT_GT(ends.size(), 12U) << "the mutations do not reach enough";
}

}  // namespace
}  // namespace bareheap::test
