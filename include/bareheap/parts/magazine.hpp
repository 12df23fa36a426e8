// SPDX-License-Identifier: MIT
// Lists of freed blocks of one size that are handed on as a whole, as Bonwick and Adams have them ("Magazines and
// Vmem", USENIX 2001), but that the list is in the blocks themselves:
//
//     magazine       block                          block
//     |first|room| ->|next|below|next again|key| -> |next|below|next again|key| -> 0
//                           |
//                           `-> the first block of the full magazine below, where several are stacked; else 0
#pragma once

#include "bareheap/core/bits.hpp"
#include "bareheap/core/words.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace bareheap {

/// The first granule of a block that is in a magazine. It has its link twice, the second time with a key that is made
/// from the block's address, so that a write to any byte of it is noticed before the link is followed. (Not of `below`
/// where magazines are stacked.) As two words, which are compared at once.
template <class Number>
class [[gnu::may_alias]] MagazineNode {
  using Pair = std::conditional_t<sizeof(Number) == 4, std::uint64_t, std::uint32_t>;
  static constexpr unsigned number_bits = 8 * sizeof(Number);

 public:
  [[gnu::always_inline]] Number next() const noexcept { return static_cast<Number>(link_); }

  [[gnu::always_inline]] void link(Number to) noexcept {
    link_ = to;
    again_ = link_ - key();
  }

  [[gnu::always_inline]] bool is_whole() const noexcept { return again_ + key() == link_; }

  /// The first block of a magazine that lies on top of another; with none below it is as it was.
  void stack_on(Number below) noexcept { link_ |= Pair{below} << number_bits; }
  Number below() const noexcept { return static_cast<Number>(link_ >> number_bits); }
  bool is_whole_but_below() const noexcept { return again_ + key() == next(); }

  /// Whether this has the key. Next to no lent block has by chance.
  [[gnu::always_inline]] bool has_key() const noexcept {
    return static_cast<Number>((again_ >> number_bits) + address_of(this)) == 0;
  }
  [[gnu::always_inline]] void clear_key() noexcept { again_ = 0; }

 private:
  // With the address, so that no value that a program writes is right everywhere.
  [[gnu::always_inline]] Pair key() const noexcept { return static_cast<Pair>(address_of(this)) << number_bits; }

  Pair link_;
  Pair again_;
};

/// Closed: neither blocks nor room. Open: so many more blocks may come.
template <class Number>
struct Magazine {
  Number first = 0;
  std::uint16_t room = 0;
  std::uint16_t made_for = 0;  ///< blocks

  constexpr bool is_closed() const noexcept { return first == 0 && room == 0; }
  constexpr bool is_empty() const noexcept { return first == 0 && room != 0; }
};

/// A CPU's magazines of one size. The spare one is full, or open and empty, or closed. They are made for twice as many
/// blocks each time, so sizes that are rare take little.
template <class Number>
struct MagazineRack {
  Magazine<Number> loaded;
  Magazine<Number> spare;

  // One by one, as they were stored: a processor waits where it loads more at once than was stored a moment ago.
  [[gnu::always_inline]] void swap() noexcept {
    std::swap(loaded.first, spare.first);
    std::swap(loaded.room, spare.room);
    std::swap(loaded.made_for, spare.made_for);
  }

  /// Where the loaded magazine does not serve and the spare one does, they change places.
  [[gnu::always_inline]] bool has_block() noexcept {
    if (loaded.first == 0) [[unlikely]] {
      if (spare.first == 0) return false;
      swap();
    }
    return true;
  }
  [[gnu::always_inline]] bool has_room() noexcept {
    if (loaded.room == 0) [[unlikely]] {
      if (!spare.is_empty()) return false;
      swap();
    }
    return true;
  }
};

/// Knows a block that is in a magazine by the key in its node; a lent one that has it by chance is looked into. Not
/// noticed: that two CPUs free the same block at the same moment, and a second free of a block whose key was written to
/// after the first.
struct ByKey {
  using Words = SharedWords;
  static constexpr bool is_in_map = false;
  template <class Node>
  [[gnu::always_inline]] static bool holds(const Node& node) noexcept {
    return node.has_key();
  }

  /// A lent block is about to be linked into a magazine. False: it may be in one.
  template <class Node, class View>
  [[gnu::always_inline]] static bool try_put(Node& node, View&, std::size_t) noexcept {
    return !node.has_key();
  }

  /// The same of a block that is certainly in none.
  template <class Node, class View>
  [[gnu::always_inline]] static void put(Node&, View&, std::size_t) noexcept {}

  template <class Node, class View>
  [[gnu::always_inline]] static void take(Node& node, View&, std::size_t) noexcept {
    node.clear_key();
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
