// SPDX-License-Identifier: MIT
// Rings of free blocks by size, and a word that tells which of them have any. Sizes and places are counted in granules;
// a free block keeps its own node in its first granule and its size once more at the end of its last. Links between
// them may count half granules (link_unit).
//
//     |head 0|head 1|head 2| . . .      head --> |next prev size . . . . . size| --> |next prev size . size| --> head
//
// Each doubling of the size has two bins, so an Index of n bits has 2 n of them at most: their bits are one word.
//
// The heads lie in the first granules: the head of bin b is granule b, a node of size 0. So a block is linked and
// unlinked without asking what is beside it, and none need ask whether a bin is empty before it reads the size of the
// first there.
#pragma once

#include "bareheap/core/bits.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace bareheap {

/// In what order blocks of a bin are taken.
enum class BinOrder {
  last_in_first,  ///< costs least, and reaches half as far with 32-bit indexes
  lowest_first,   ///< roughly; several are looked at, so that a heap stays in less memory
};

template <class Index, BinOrder Order = BinOrder::last_in_first>
class SegregatedBins {
 public:
  static constexpr std::size_t granule = 4 * sizeof(Index);  // bytes: exactly what a node and the size at its end need
  static constexpr unsigned most_bins = 2 * std::numeric_limits<Index>::digits;

  // What a link counts, in bytes: eight times a link, and a base, is an address without an instruction of its own.
  // Links that count granules reach further.
  static constexpr bool reaches_far = Order == BinOrder::lowest_first;
  static constexpr std::size_t link_unit = reaches_far ? granule : 8;
  static constexpr std::size_t links = granule / link_unit;  // from a granule to the next
  using Link = std::conditional_t<reaches_far, Index, std::size_t>;
  static constexpr std::size_t most_granules = std::numeric_limits<Index>::max() / links;

  /// Below most_bins: the highest bit of the size chooses the doubling, the bit below it the half. `size` is not 0.
  static constexpr unsigned bin_of(std::size_t size) noexcept {
    if (size == 0) __builtin_unreachable();
    const unsigned top = static_cast<unsigned>(std::countl_zero(size)) ^ (std::numeric_limits<std::size_t>::digits - 1);
    return 2 * top + static_cast<unsigned>(2 * size >> top) - 2;
  }

  /// Granules of the heads, where no block is larger than this.
  static constexpr std::size_t heads_for(std::size_t largest) noexcept { return bin_of(largest) + 1; }

  constexpr SegregatedBins() noexcept = default;

  /// Empty. The heads take the first heads_for(largest) granules from `base` on, where number 0 is.
  SegregatedBins(std::size_t base, std::size_t largest) noexcept
      : base_(base), count_(static_cast<unsigned>(heads_for(largest))) {
    for (unsigned bin = 0; bin < count_; ++bin) {
      const Index head = static_cast<Index>(link(bin));
      node(bin) = {head, head, 0, 0};
    }
  }

  /// What was done in the blocks by a copy of these holds here too.
  void follow(const SegregatedBins& copy) noexcept { occupied_ = copy.occupied_; }

  std::size_t base() const noexcept { return base_; }

  /// A granule by its link. It takes an instruction to make one of its number, or a number of it.
  struct Linked {
    std::size_t link;

    std::size_t number() const noexcept { return SegregatedBins::number(link); }
  };
  static Linked linked(std::size_t first) noexcept { return {link(first)}; }

  std::size_t address(Linked first) const noexcept { return base_ + first.link * link_unit; }
  std::size_t size_at(Linked first) const noexcept { return at(base_, first.link).size; }
  std::size_t size_at(std::size_t first) const noexcept { return node(first).size; }
  std::size_t size_before(std::size_t end) const noexcept { return node(end - 1).size_at_end; }

  void insert(std::size_t first, std::size_t size) noexcept { insert(linked(first), size); }
  void insert(Linked first, std::size_t size) noexcept {
    const std::size_t base = base_;
    const unsigned bin = bin_of(size);
    std::size_t here = first.link;
    std::size_t previous = head(bin);
    std::size_t next = alone(at(base, previous).next);
    if constexpr (Order == BinOrder::lowest_first) {
      if (here > next) {  // also where that is the head
        next = previous;
        previous = at(base, next).previous;
      }
    }
    previous = alone(previous);
    at(base, next).previous = static_cast<Index>(here);
    at(base, here).next = static_cast<Index>(next);
    at(base, previous).next = static_cast<Index>(here);
    here = alone(here);
    at(base, here).previous = static_cast<Index>(previous);
    at(base, here + (size - 1) * links).size_at_end = static_cast<Index>(size);
    here = alone(here);
    at(base, here).size = static_cast<Index>(size);
    occupied_ = with(occupied_, bin);
  }

  /// How many granules it has.
  std::size_t remove(std::size_t first) noexcept { return remove(linked(first)); }
  std::size_t remove(Linked first) noexcept {
    const std::size_t base = base_;
    std::size_t here = alone(first.link);
    const std::size_t size = at(base, here).size;
    here = alone(here);
    const std::size_t next = at(base, here).next;
    here = alone(here);
    const std::size_t previous = at(base, here).previous;
    at(base, next).previous = static_cast<Index>(previous);
    at(base, previous).next = static_cast<Index>(next);
    if (next == previous) [[likely]] occupied_ ^= Word{1} << number(next) % most_bins;  // the head: the bin is empty
    return size;
  }

  /// A block of at least `size` granules, or 0: one of the first of the bin of that size, otherwise the first of the
  /// lowest bin above that has any, since there each is large enough. `size` is no larger than the largest block may
  /// be.
  std::size_t find(std::size_t size) const noexcept { return find_linked(size).number(); }
  Linked find_linked(std::size_t size) const noexcept {
    const unsigned bin = bin_of(size);
    Linked block = first_linked(bin);
    for (unsigned look = 1; size_at(block) < size; ++look) {
      if (look == looks || block.link == bin * links) return first_above(bin);
      block = {at(base_, block.link).next};
    }
    return block;
  }

  /// Of a bin; its head, where there is none.
  std::size_t first_of(unsigned bin) const noexcept { return first_linked(bin).number(); }
  Linked first_linked(unsigned bin) const noexcept { return {at(base_, head(bin)).next}; }

  /// The next block of a bin; its head, where this is the last one.
  std::size_t after(std::size_t first) const noexcept { return number(node(first).next); }

  /// Shows each block of at least `size` granules: its first one, and how many it has.
  template <class Sink>
  void each_from(std::size_t size, Sink sink) const noexcept {
    for (unsigned bin = bin_of(size); bin < count_; ++bin) {
      for (std::size_t block = first_of(bin); block != bin; block = after(block)) {
        if (size_at(block) >= size) sink(block, size_at(block));
      }
    }
  }

  /// True where a free block has its size at both ends, and names its neighbours in the ring, which name it. Where it
  /// names something that is neither free, by `is_free`, nor the head of its bin, that is not looked into.
  template <class IsFree>
  bool holds(std::size_t first, std::size_t size, IsFree is_free) const noexcept {
    const Node& judged = node(first);
    if (judged.size != size || size_before(first + size) != size) return false;
    const std::size_t head = bin_of(size);
    const std::size_t next = number(judged.next);
    const std::size_t previous = number(judged.previous);
    if (link(next) != judged.next || link(previous) != judged.previous) return false;
    if (previous != head && !is_free(previous)) return false;
    if (next != head && !is_free(next)) return false;
    return after(previous) == first && node(next).previous == link(first);
  }

  /// Granules of all blocks in all rings; a number that is never right where a ring, a head or the word is wrong.
  template <class IsFree>
  std::size_t sum(IsFree is_free) const noexcept {
    std::size_t total = 0;
    for (unsigned bin = 0; bin < most_bins; ++bin) {
      const bool occupied = (occupied_ >> bin & 1) != 0;
      if (bin >= count_) {
        if (occupied) return wrong;
        continue;
      }
      const Node& ring = node(bin);
      if (ring.size != 0 || occupied != (ring.next != link(bin))) return wrong;
      std::size_t before = link(bin);
      for (std::size_t here = ring.next; here != link(bin); before = here, here = at(base_, here).next) {
        const std::size_t block = number(here);
        if (link(block) != here || !is_free(block)) return wrong;
        if (node(block).previous != before || node(block).size == 0) return wrong;
        if (bin_of(node(block).size) != bin || (total += node(block).size) > most_granules) return wrong;
      }
      if (ring.previous != before) return wrong;
    }
    return total;
  }

 private:
  using Word = std::conditional_t<most_bins == 64, std::uint64_t, std::uint32_t>;
  static_assert(std::numeric_limits<Word>::digits == most_bins);
  static constexpr std::size_t wrong = size_limit;
  static constexpr unsigned looks = Order == BinOrder::lowest_first ? 4 : 1;

  // It is written where the program had objects of its own, and the other way round.
  struct [[gnu::may_alias]] Node {
    Index next;
    Index previous;
    Index size;
    Index size_at_end;
  };

  Linked first_above(unsigned bin) const noexcept {
    const Word above = occupied_ & (~Word{1} << bin);
    if (above == 0) return {0};
    const Linked first = first_linked(static_cast<unsigned>(std::countr_zero(above)));
    if (first.link == 0) __builtin_unreachable();  // so that nobody asks again
    return first;
  }

  // Links are no instruction in an address only where the compiler does not fold them into what they are made of, nor
  // makes an address of them to use it again. Little code counts more where addresses have 32 bits.
  static constexpr std::size_t alone(std::size_t link) noexcept {
    if constexpr (reaches_far || sizeof(std::size_t) < 8) return link;
    else return opaque(link);
  }
  static constexpr std::size_t link(std::size_t first) noexcept { return alone(first * links); }
  static constexpr std::size_t head(unsigned bin) noexcept { return alone(bin * unsigned{links}); }

  // One instruction, where the compiler does not see that it is the same word that changes.
  static constexpr Word with(Word bins, unsigned bin) noexcept {
    bins |= Word{1} << bin;
    if constexpr (sizeof(Word) <= sizeof(std::size_t)) bins = static_cast<Word>(alone(bins));
    return bins;
  }

  static constexpr std::size_t number(std::size_t link) noexcept { return link / links; }

  static Node& at(std::size_t base, std::size_t link) noexcept {
    return *reinterpret_cast<Node*>(base + link * link_unit);
  }
  Node& node(std::size_t first) const noexcept { return at(base_, link(first)); }

  std::size_t base_ = 0;
  Word occupied_ = 0;
  unsigned count_ = 0;
};

}  // namespace bareheap
