// SPDX-License-Identifier: MIT
// Which memory a device tree reports, and which of it is somebody's already. In pages throughout: what shares a page
// with a reserved byte is reserved.
#pragma once

#include "bareheap/core/bits.hpp"
#include "bareheap/core/function_ref.hpp"
#include "ports/common/device_tree.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace bareheap::port {

/// From `start` up to, not including, `end`.
struct Stretch {
  std::uint64_t start;
  std::uint64_t end;

  constexpr bool contains(std::uint64_t at) const noexcept { return start <= at && at < end; }
};

/// A few stretches, in any order; they may overlap.
class StretchList {
 public:
  static constexpr std::size_t limit = 32;

  /// False where there is no room for another. Empty ones take none.
  [[nodiscard]] constexpr bool add(Stretch stretch) noexcept {
    if (stretch.start >= stretch.end) return true;
    if (count_ == limit) return false;
    stretches_[count_++] = stretch;
    return true;
  }

  constexpr std::span<const Stretch> all() const noexcept { return {stretches_, count_}; }

 private:
  Stretch stretches_[limit] = {};
  std::size_t count_ = 0;
};

struct MemoryMap {
  StretchList memory;      ///< RAM
  StretchList reserved;    ///< of it, or of anything else: not to be used
  StretchList unmappable;  ///< not even to be mapped; reserved too
};

namespace detail {

inline constexpr std::uint64_t page_size = 4096;

/// Makes a stretch of a range, its ends at pages, and adds it; null or the sentence that says why not.
inline const char* add_range(StretchList& list, const DeviceTree::Range& range, bool outward) noexcept {
  const std::uint64_t limit = ~std::uint64_t{0} - page_size;
  if (range.size > limit || range.start > limit - range.size) {
    return "the device tree names memory that reaches beyond the last address";
  }
  const std::uint64_t start = range.start + (outward ? 0 : page_size - 1);
  const std::uint64_t end = range.start + range.size + (outward ? page_size - 1 : 0);
  const Stretch stretch{start & ~(page_size - 1), range.size == 0 ? 0 : end & ~(page_size - 1)};
  return list.add(stretch) ? nullptr : "the device tree names more pieces of memory than there is room for";
}

/// The ranges of a node, into the list.
inline const char* add_node(StretchList& list, const DeviceTree::Node& node, bool outward) noexcept {
  const char* fault = nullptr;
  const bool readable = node.each_range([&](const DeviceTree::Range& range) noexcept {
    if (fault == nullptr) fault = add_range(list, range, outward);
  });
  return readable ? fault : "the device tree names memory in numbers of an unknown width";
}

/// The initial ram disk of a boot loader (Linux, Documentation/devicetree/bindings: /chosen).
inline const char* add_ram_disk(StretchList& list, const DeviceTree::Node& chosen) noexcept {
  const std::uint64_t start = chosen.number("linux,initrd-start").value_or(0);
  const std::uint64_t end = chosen.number("linux,initrd-end").value_or(0);
  if (start > end) return "the device tree names a ram disk that ends before it starts";
  return add_range(list, {start, end - start}, true);
}

inline const char* add_to_map(MemoryMap& map, const DeviceTree::Node& node) noexcept {
  const DeviceTree::Node* parent = node.parent();
  if (parent == nullptr || !node.in_use()) return nullptr;
  if (parent->depth() == 0) {
    if (node.lists("device_type", "memory")) return add_node(map.memory, node, false);
    if (node.name() == "chosen") return add_ram_disk(map.reserved, node);
  }
  if (parent->depth() != 1 || parent->name() != "reserved-memory") return nullptr;
  const char* fault = add_node(map.reserved, node, true);
  if (fault == nullptr && node.property("no-map")) fault = add_node(map.unmappable, node, true);
  return fault;
}

}  // namespace detail

/// Fills in an empty map: memory nodes; the header's reservations, /reserved-memory with its fixed places, the ram disk
/// and `itself`, where the tree lies, as reserved. Null, or a sentence where something cannot be read.
[[nodiscard]] inline const char* read_memory_map(DeviceTree& tree, DeviceTree::Range itself,
                                                 MemoryMap& map) noexcept {
  const char* fault = detail::add_range(map.reserved, itself, true);
  const auto keep = [&fault](const char* found) noexcept { fault = fault == nullptr ? found : fault; };
  tree.each_reservation(
      [&](const DeviceTree::Range& range) noexcept { keep(detail::add_range(map.reserved, range, true)); });
  tree.each_node([&](const DeviceTree::Node& node) noexcept { keep(detail::add_to_map(map, node)); });
  if (fault == nullptr && map.memory.all().empty()) return "the device tree reports no memory";
  return fault;
}

/// Shows the sink every stretch that lies in `memory`, not in `taken`, and at `first` or above, lowest first. Where two
/// pieces of memory touch, so do two stretches.
inline void each_stretch(std::span<const Stretch> memory, std::span<const Stretch> taken, std::uint64_t first,
                         FunctionRef<void(Stretch)> sink) noexcept {
  constexpr std::uint64_t none = ~std::uint64_t{0};
  for (std::uint64_t at = first;;) {
    Stretch next{none, none};
    for (const Stretch& piece : memory) {
      const std::uint64_t start = std::max(piece.start, at);
      if (start < piece.end && start < next.start) next = {start, piece.end};
    }
    if (next.start == none) return;
    const Stretch* cover = nullptr;
    for (const Stretch& piece : taken) {
      if (piece.contains(next.start)) cover = &piece;
      if (piece.start > next.start) next.end = std::min(next.end, piece.start);
    }
    if (cover == nullptr) sink(next);
    at = cover == nullptr ? next.end : cover->end;
  }
}

}  // namespace bareheap::port
