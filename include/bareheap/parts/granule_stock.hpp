// SPDX-License-Identifier: MIT
// The stock of a granule heap: a list of blocks for each size, which are marked in the map and not merged; what fills
// the lists, and the rule by which they are emptied.
//
//     list of 1 granule    -> |c| -> |c|         The first granule of each block begins with the number of the next.
//             2 granules   -> |c  |
//             3 granules                         What the lists need lies in the region: their heads, and for each size
//             . . .                              that is carved log2 of how many are carved at once.
//
// There is plenty while half of the memory is free: nothing is given back. Below that all of the stock is, again each
// time that the free memory has shrunk by an eighth, and with less than a third nothing is stocked until half is free
// again. To give it all back takes many calls, of some blocks each.
#pragma once

#include "bareheap/core/bits.hpp"
#include "bareheap/core/layout.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace bareheap {

/// `Space` lends what is stocked. Blocks up to 1/Share of the memory, and of the span, are.
template <class Space, class Index, std::size_t Share>
class GranuleStock {
  using Map = decltype(Space::Stretch::map);
  static constexpr std::size_t granule = Space::granule;

 public:
  static constexpr std::size_t most_carved = 1024 / granule;  // larger blocks are taken one by one

  /// Bytes that init() needs for a span of so many granules, in whole words.
  static constexpr std::size_t bytes_for(std::size_t granules) noexcept { return bytes_of(lists_for(granules)); }

  /// All lists are empty, and nothing is stocked before plan().
  void init(std::byte* at, std::size_t granules) noexcept {
    heads_ = reinterpret_cast<Index*>(at);
    lists_ = lists_for(granules);
    clear();
  }

  /// Forgets all blocks.
  void clear() noexcept {
    __builtin_memset(heads_, 0, bytes_of(lists_));
    next_given_ = 0;
  }

  /// True: blocks of so many granules are stocked.
  [[gnu::always_inline]] bool takes(std::size_t size) const noexcept { return size < stocked_; }
  /// The same of one granule more, and the map can tell of them after a look at a word or two.
  [[gnu::always_inline]] bool takes_quickly(std::size_t last) const noexcept { return last < quickly_; }

  /// A size for which takes() is true: the first block of its list, or 0. Of no granules: 0.
  [[gnu::always_inline]] std::size_t first(std::size_t size) const noexcept { return head(size); }
  /// That block, which is at this address, leaves the list.
  [[gnu::always_inline]] void pop(const std::byte* at, std::size_t size) noexcept { head(size) = next_of(at); }
  [[gnu::always_inline]] void push(std::byte* at, std::size_t number, std::size_t size) noexcept {
    Index& first = head(size);
    next_of(at) = first;
    first = static_cast<Index>(number);
  }

  /// Lends a block of a size that is carved, and stocks those that are carved with it, twice as many each time. 0: the
  /// space has none. While there is no plenty it is carved alone.
  std::size_t carve(Space& space, std::size_t size) noexcept {
    std::uint8_t& grown = batch_of(size);
    if (space.free() < space.total() / 2) grown = 0;
    const std::size_t most = least(batch / size, most_in_batch);
    const std::size_t wanted = std::size_t{1} << grown;
    std::size_t first = 0;
    const std::size_t count = space.take_run(size, wanted < most ? wanted : most, first);
    if (count == 0) return 0;
    if (wanted < most) ++grown;
    space.keep(first, size);
    if (size > most_carved) __builtin_unreachable();
    Map map = space.map();
    std::byte* at = space.address(first);
    Link* link = &heads_[size];
    const std::size_t end = first + count * size;
    for (std::size_t carved = first + size; carved != end; carved += size) {
      map.begin_cached(carved);
      map.close_end(carved, size);
      *link = static_cast<Index>(carved);
      link = &next_of(at += size * granule);
    }
    *link = 0;
    return first;
  }

  /// What is stocked from now on, and whether what is there is given back.
  void plan(const Space& space) noexcept {
    const std::size_t free = space.free();
    const std::size_t half = space.total() / 2;
    const bool plenty = free >= half;
    if (!plenty) give_all();
    const std::size_t most = free >= space.total() / 3 ? least(space.total() / Share, lists_) : 0;
    stocked_ = most == 0 ? 0 : most + 1;
    quickly_ = least(most, Map::most_in_word);
    floor_ = plenty ? half : free - free / 8;
  }
  /// True: so much memory has gone since that it is time for another plan().
  bool is_short(const Space& space) const noexcept { return space.free() < floor_; }
  /// The same where a block has come back: there is plenty again.
  bool is_ample(const Space& space) const noexcept {
    const std::size_t half = space.total() / 2;
    return space.free() >= half && (floor_ != half || is_closed());
  }

  /// Nothing is stocked until another plan().
  void close() noexcept { stocked_ = quickly_ = 0; }
  bool is_closed() const noexcept { return stocked_ == 0; }

  /// From now on give_some() gives all back, while is_giving().
  void give_all() noexcept { next_given_ = 1; }
  bool is_giving() const noexcept { return next_given_ != 0; }

  /// Gives some blocks back, from the list on where the last call stopped.
  void give_some(Space& space) noexcept {
    unsigned left = most_given;
    for (unsigned looks = most_looks; left != 0 && looks != 0; --looks) {
      if (next_given_ > lists_) {
        next_given_ = 0;
        return;
      }
      if (heads_[next_given_] == 0) {
        ++next_given_;
      } else {
        give_first(space, next_given_);
        --left;
      }
    }
  }

  /// True where `cached` blocks are listed, each in the list of its size, once. A step for each.
  bool holds(const Space& space, std::size_t cached) const noexcept {
    if (heads_ == nullptr) return true;
    if (heads_[0] != 0) return false;
    for (std::size_t size = 1; size <= least(lists_, most_carved); ++size) {
      if (batch_of(size) > std::bit_width(most_in_batch)) return false;
    }
    for (std::size_t size = 1; size <= lists_; ++size) {
      if (!list_holds(space, size, cached)) return false;
    }
    return cached == 0;
  }

 private:
  static constexpr std::size_t most_stocked = 8192 / granule;
  static constexpr std::size_t batch = 4096 / granule;
  static constexpr std::size_t most_in_batch = 32;
  static constexpr unsigned most_given = 8;
  static constexpr unsigned most_looks = 32;

  static constexpr std::size_t least(std::size_t left, std::size_t right) noexcept {
    return left < right ? left : right;
  }

  static constexpr std::size_t lists_for(std::size_t granules) noexcept {
    return least(least(granules, std::numeric_limits<Index>::max()) / Share, most_stocked);
  }
  static constexpr std::size_t bytes_of(std::size_t lists) noexcept {
    const std::size_t bytes = (lists + 1) * sizeof(Index) + least(lists, most_carved);
    return align_down(bytes + sizeof(std::size_t) - 1, sizeof(std::size_t));
  }

  // A compiler reads and writes a member of an array by its number; through a pointer it makes the address first.
  [[gnu::always_inline]] Index& head(std::size_t size) const noexcept {
    if (size > most_stocked) __builtin_unreachable();  // stocked_ is not further, which a compiler cannot know
    return (*reinterpret_cast<Index(*)[most_stocked + 1]>(heads_))[size];
  }
  std::uint8_t& batch_of(std::size_t size) const noexcept {
    return reinterpret_cast<std::uint8_t*>(heads_ + lists_)[sizeof(Index) + size - 1];
  }

  // Written where the program had objects of its own, and the other way round.
  using Link [[gnu::may_alias]] = Index;
  static Link& next_of(std::byte* cached) noexcept { return *reinterpret_cast<Link*>(cached); }
  static Link next_of(const std::byte* cached) noexcept { return *reinterpret_cast<const Link*>(cached); }

  void give_first(Space& space, std::size_t size) noexcept {
    Index& head = heads_[size];
    const std::size_t first = head;
    head = next_of(space.address(first));
    space.give_cached(first, size);
  }

  // `left` counts what may still be listed.
  bool list_holds(const Space& space, std::size_t size, std::size_t& left) const noexcept {
    for (std::size_t block = heads_[size]; block != 0; block = next_of(space.address(block))) {
      const auto* const stretch = space.stretch_of(block);
      if (stretch == nullptr || !stretch->map.is_cached(block) || stretch->map.length(block) != size) return false;
      if (left-- == 0) return false;
    }
    return true;
  }

  // All are zero before there is memory, so that a heap of the program itself takes none in its file.
  Index* heads_ = nullptr;      // of the lists; list 0 is empty for ever
  std::size_t lists_ = 0;       // without it
  std::size_t stocked_ = 0;     // blocks of fewer granules are stocked; 0: memory is scarce, or there is none
  std::size_t quickly_ = 0;     // of those, blocks up to so many: the map tells of them in a word or two
  std::size_t next_given_ = 0;  // the size whose list is given back next; 0: none is
  std::size_t floor_ = 0;       // of free granules; below it all is given back
};

}  // namespace bareheap
