// SPDX-License-Identifier: MIT
// Lists of freed blocks of one size that are handed on as a whole, as Bonwick and Adams have them ("Magazines and Vmem",
// USENIX 2001), but that the list is in the blocks themselves:
//
//     magazine       block                        block
//     |first|room| ->|next|second|key . . . .| -> |next|second|key . . . .| -> 0
//                           |
//                           `-> the first block of the full magazine below, where several are stacked
#pragma once

#include "bareheap/core/bits.hpp"
#include "bareheap/core/words.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace bareheap {

/// The first granule of a block that is in a magazine. It has its link twice, so that a write to a free block is noticed
/// before the link is followed; but the first block of a magazine that is stacked has the one below in the second place.
template <class Number>
struct [[gnu::may_alias]] MagazineNode {
  using Key = std::conditional_t<sizeof(Number) == 4, std::size_t, Number>;

  Number next;
  Number second;
  Key key;  ///< of ByKey

  [[gnu::always_inline]] void link(Number to) noexcept {
    next = to;
    second = mixed(to);
  }

  [[gnu::always_inline]] bool is_whole() const noexcept { return second == mixed(next); }

 private:
  // With the address, so that no value that a program writes is right everywhere.
  [[gnu::always_inline]] Number mixed(Number to) const noexcept { return static_cast<Number>(~address_of(this) ^ to); }
};

/// Closed: neither blocks nor room. Open: so many more blocks may come.
template <class Number>
struct Magazine {
  Number first = 0;
  std::uint16_t room = 0;

  constexpr bool is_closed() const noexcept { return first == 0 && room == 0; }
  constexpr bool is_empty() const noexcept { return first == 0 && room != 0; }
};

/// Knows a block that is in a magazine by a word in the block itself, its address with all bits turned over, which next
/// to no lent block has; one that has is looked into. Not noticed: that two CPUs free the same block at the same moment,
/// and a second free of a block that was written to after the first.
struct ByKey {
  using Words = SharedWords;
  static constexpr bool is_in_map = false;
  template <class Node>
  [[gnu::always_inline]] static bool holds(const Node& node) noexcept {
    return node.key == key_of(node);
  }

  /// A lent block goes into a magazine. False: it may be in one.
  template <class Node, class View>
  [[gnu::always_inline]] static bool try_put(Node& node, View&, std::size_t) noexcept {
    if (holds(node)) [[unlikely]] return false;
    node.key = key_of(node);
    return true;
  }

  /// The same of a block that is certainly in none.
  template <class Node, class View>
  [[gnu::always_inline]] static void put(Node& node, View&, std::size_t) noexcept {
    node.key = key_of(node);
  }

  template <class Node, class View>
  [[gnu::always_inline]] static void take(Node& node, View&, std::size_t) noexcept {
    node.key = 0;
  }

 private:
  template <class Node>
  [[gnu::always_inline]] static typename Node::Key key_of(const Node& node) noexcept {
    return static_cast<typename Node::Key>(~address_of(&node));
  }
};

/// Knows it by the map, in which the block is a cached one. Certain, whatever the program does with freed blocks; costs
/// two exclusive accesses to a word that blocks beside this one share.
struct ByMap {
  using Words = ContestedWords;
  static constexpr bool is_in_map = true;
  template <class Node>
  [[gnu::always_inline]] static bool holds(const Node&) noexcept {
    return false;
  }

  template <class Node, class View>
  [[gnu::always_inline]] static bool try_put(Node&, View& view, std::size_t number) noexcept {
    return view.map().try_lent_to_cached(number);
  }

  template <class Node, class View>
  [[gnu::always_inline]] static void put(Node&, View& view, std::size_t number) noexcept {
    view.map().lent_to_cached(number);
  }

  template <class Node, class View>
  [[gnu::always_inline]] static void take(Node&, View& view, std::size_t number) noexcept {
    view.map().cached_to_lent(number);
  }
};

}  // namespace bareheap
