// SPDX-License-Identifier: MIT
// What the port takes from the device tree.
#pragma once

#include "ports/common/device_tree.hpp"
#include "ports/common/memory_map.hpp"
#include "ports/riscv64/machine.hpp"

#include <cstdint>

namespace bareheap::riscv64 {

struct Board {
  port::MemoryMap map;
  std::uint64_t timer_frequency = 0;
  std::uint64_t harts[cpu_limit] = {};  ///< by the number of the CPU; the first is the one that booted
  std::uint32_t hart_count = 1;
  std::uintptr_t uart = 0;         ///< 0: none that the port can use
  std::uintptr_t test_device = 0;  ///< 0: none
};

namespace detail {

using Node = port::DeviceTree::Node;

/// Where a CPU finds a device: 0 where a bus on the way has addresses of its own (Devicetree Specification 0.4, section
/// 2.3.8: `ranges` is empty where it has not), or where there is no address.
inline std::uintptr_t address_of_device(const Node& node) noexcept {
  for (const Node* bus = node.parent(); bus != nullptr && bus->depth() != 0; bus = bus->parent()) {
    if (!bus->property("ranges") || !bus->property("ranges")->empty()) return 0;
  }
  std::uintptr_t address = 0;
  const bool readable = node.each_range([&](const port::DeviceTree::Range& range) noexcept {
    if (address == 0) address = static_cast<std::uintptr_t>(range.start);
  });
  return readable ? address : 0;
}

/// A further hart gets the next number; where there are more than the port has room for, they stay asleep.
inline void add_hart(Board& board, const Node& cpu, bool& booted_is_there) noexcept {
  static_cast<void>(cpu.each_range([&](const port::DeviceTree::Range& range) noexcept {
    if (range.start == board.harts[0]) {
      booted_is_there = true;
    } else if (board.hart_count < cpu_limit) {
      board.harts[board.hart_count++] = range.start;
    }
  }));
}

inline void add_device(Board& board, const Node& node) noexcept {
  const bool plain = node.number("reg-shift").value_or(0) == 0;
  if (board.uart == 0 && plain && node.lists("compatible", "ns16550a")) board.uart = address_of_device(node);
  if (board.test_device == 0 && node.lists("compatible", "sifive,test0")) board.test_device = address_of_device(node);
}

}  // namespace detail

/// Fills in an empty board from the tree, which lies at `itself`; `hart` is the one that runs. Null, or a sentence.
[[nodiscard]] inline const char* read_board(port::DeviceTree& tree, port::DeviceTree::Range itself,
                                            std::uint64_t hart, Board& board) noexcept {
  if (const char* fault = read_memory_map(tree, itself, board.map)) return fault;
  board.harts[0] = hart;
  bool booted_is_there = false;
  tree.each_node([&](const detail::Node& node) noexcept {
    if (!node.in_use()) return;
    if (node.lists("device_type", "cpu")) detail::add_hart(board, node, booted_is_there);
    const bool clock = node.name() == "cpus" || node.lists("device_type", "cpu");
    if (clock && board.timer_frequency == 0) board.timer_frequency = node.number("timebase-frequency").value_or(0);
    detail::add_device(board, node);
  });
  if (!booted_is_there) return "the device tree does not name the hart that booted";
  if (board.timer_frequency == 0) return "the device tree does not say how fast the clock is";
  return nullptr;
}

}  // namespace bareheap::riscv64
