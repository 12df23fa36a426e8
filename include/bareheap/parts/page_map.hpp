// SPDX-License-Identifier: MIT
//
// What is known about the pages of one region. It lies outside the pages and never touches them.
//
//     map    |head| a word a page | max tree | pages with room: small, medium | blocks lent, a bit each |
//
//     pages  |  free run      |  lent run     |####.#..|  free  |
//     words   free 3  0 tail 3  run 3  0   0    small    free 1     on the first page of a tile: its kind and its pages
//
// Every page belongs to one tile: a free run, a lent run, or a page that is cut into small or medium blocks. Two free
// runs never touch. The words are a max tree in which free runs are greatest, longer above shorter: so the lowest run
// that is long enough is found without a list. Pages are named by their number, lowest first.
//
// Cost:     a few operations on the trees a call, each 16 or 32 reads for each factor of 16 in the pages; for a block
// one
//           bit more; an alignment above a page: as much again for each run that is long enough but lies badly.
// Overhead: bytes(pages): 36.5 a page of 4096 with small blocks of 16.
#pragma once

#include "bareheap/core/extent.hpp"
#include "bareheap/core/region.hpp"

#include <bit>
#include <cstdint>

namespace bareheap {

/// Parts do not know each other, so the engine names the two that this one is built of: a MaxTree and a BitTree.
template <std::size_t SmallBlock, std::size_t MediumBlock, std::size_t PageSize, class MaxTree, class BitTree>
class PageMap {
  static_assert(is_power_of_two(SmallBlock) && is_power_of_two(MediumBlock) && is_power_of_two(PageSize));
  static_assert(SmallBlock < MediumBlock && MediumBlock < PageSize);

 public:
  /// What a page is the first of. A page that is the first of nothing is `rest`, or the `tail` that ends a free run.
  enum class Kind : std::uint8_t { rest, tail, small, medium, run, free = 7 };

  struct Tile {
    Kind kind;
    std::size_t pages;
  };

  /// Pages in a row, up to but not `end`. Where a function asks for them, they are whole tiles.
  struct Pages {
    std::size_t first;
    std::size_t end;
  };

  /// Whether the map was carved from the region that it describes, or given apart from it.
  enum class Place : std::uint8_t { inside, apart };

  static constexpr std::size_t none = MaxTree::none;
  static constexpr std::size_t most_pages = (std::size_t{1} << 29) - 1;

  /// Bytes of a map of 1 to most_pages pages; it starts at a multiple of alignof(PageMap) and is one long.
  static constexpr CheckedSize bytes(std::size_t pages) noexcept {
    const std::size_t trees = MaxTree::words(pages) + 2 * BitTree::words(pages);
    const CheckedSize words = CheckedSize(pages) * lent_words_per_page + trees;
    return (words * sizeof(std::uint32_t) + sizeof(PageMap)).aligned_up(alignof(PageMap));
  }

  static constexpr std::size_t blocks(Kind kind) noexcept { return PageSize / block_size(kind); }
  static constexpr std::size_t block_size(Kind kind) noexcept { return kind == Kind::small ? SmallBlock : MediumBlock; }

  /// Stands at the start of its bytes(count); all pages are one free run.
  PageMap(std::byte* first_page, std::size_t count, Place place) noexcept
      : first_page_(first_page),
        place_(place),
        tiles_(words(), count),
        small_room_(words() + MaxTree::words(count), count),
        medium_room_(words() + MaxTree::words(count) + BitTree::words(count), count),
        lent_(words() + MaxTree::words(count) + 2 * BitTree::words(count)) {
    write_free(0, count);
  }
  PageMap(const PageMap&) = delete;
  PageMap& operator=(const PageMap&) = delete;

  std::size_t count() const noexcept { return tiles_.count(); }
  Place place() const noexcept { return place_; }
  Region pages() const noexcept { return {first_page_, count() * PageSize}; }
  Region map() const noexcept {
    return {const_cast<std::byte*>(reinterpret_cast<const std::byte*>(this)), bytes(count()).value()};
  }

  std::byte* page_at(std::size_t page) const noexcept { return first_page_ + page * PageSize; }
  std::size_t page_of(const void* at) const noexcept { return (address_of(at) - address_of(first_page_)) / PageSize; }

  Tile tile(std::size_t page) const noexcept {
    return {Kind{static_cast<std::uint8_t>(tiles_[page] >> shift)}, tiles_[page] & most_pages};
  }

  bool is_lent(std::size_t page, std::size_t block) const noexcept {
    return (lent_words(page)[block / 32] >> (block % 32) & 1) != 0;
  }

  /// The lowest free pages, so many and so aligned, that start with `needed` bytes below `limit`; null: there are none.
  std::byte* take_run(std::size_t count, std::size_t alignment, std::size_t limit) noexcept {
    return take(Kind::run, count, alignment, limit, count * PageSize);
  }

  /// Frees `count` pages from `page` and merges them with the free runs that they touch.
  void give(std::size_t page, std::size_t count) noexcept {
    tiles_.set(page, 0);
    const std::size_t above = page + count;
    if (above != this->count() && tile(above).kind == Kind::free) count += take_free(above);
    if (page != 0 && ends_free(page - 1)) {
      page -= tile(page - 1).pages;
      count += take_free(page);
    }
    write_free(page, count);
  }

  /// Gives back what a lent run has above `wanted` pages, or takes what it lacks from the free run above; false: too
  /// short.
  bool resize_run(std::size_t page, std::size_t wanted) noexcept {
    const std::size_t pages = tile(page).pages;
    const std::size_t above = page + pages;
    if (wanted < pages) {
      tiles_.set(page, word(Kind::run, wanted));
      give(page + wanted, pages - wanted);
    } else if (wanted > pages) {
      if (above == count() || tile(above).kind != Kind::free || tile(above).pages < wanted - pages) return false;
      const std::size_t free = take_free(above);
      tiles_.set(page, word(Kind::run, wanted));
      write_free(page + wanted, free - (wanted - pages));
    }
    return true;
  }

  /// The lowest free block of a page that is cut already; where none ends below `limit`, one of a page cut for it.
  std::byte* take_block(Kind kind, std::size_t limit) noexcept {
    std::size_t page = room(kind).first();
    std::size_t block = page == none ? 0 : first_free(page, kind);
    if (page == none || address_of(page_at(page)) + (block + 1) * block_size(kind) > limit) {
      std::byte* const cut = take(kind, 1, 1, limit, block_size(kind));
      if (cut == nullptr) return nullptr;
      page = page_of(cut);
      block = 0;
      for (std::size_t index = 0; index != lent_words_per_page; ++index) lent_words(page)[index] = 0;
      room(kind).insert(page);
    }
    lent_words(page)[block / 32] |= std::uint32_t{1} << (block % 32);
    if (first_free(page, kind) == blocks(kind)) room(kind).erase(page);
    return page_at(page) + block * block_size(kind);
  }

  /// Frees a lent block; the page with its last one becomes a free page.
  void give_block(std::size_t page, std::size_t block) noexcept {
    const Kind kind = tile(page).kind;
    lent_words(page)[block / 32] &= ~(std::uint32_t{1} << (block % 32));
    if (has_lent(page)) return room(kind).insert(page);
    room(kind).erase(page);
    give(page, 1);
  }

  /// The first page of the tile that `page` belongs to: up to one step a page.
  std::size_t head_of(std::size_t page) const noexcept {
    while (page != 0 && (tile(page).kind == Kind::rest || tile(page).kind == Kind::tail)) --page;
    return page;
  }

  /// The pages of `tiles` tiles, or of as many as there are, from the one that holds the address `from`, or from the
  /// lowest. They end above `from`, whatever the map says.
  Pages tiles_from(const std::byte* from, std::size_t tiles) const noexcept {
    const std::size_t page = address_of(from) > address_of(first_page_) ? page_of(from) : 0;
    const std::size_t head = head_of(page);
    const std::size_t first = above(head) > page ? head : page;
    std::size_t end = first;
    for (; tiles != 0 && end < count(); --tiles) end = above(end);
    return {first, end < count() ? end : count()};
  }

  /// Shows what the step has not passed yet; false: the step is at its end.
  bool walk(TileStep& step) const noexcept {
    std::size_t page = step.below(first_page_) / PageSize;
    if (page < count()) page = head_of(page);
    for (; page < count(); page = above(page)) {
      const auto [kind, pages] = tile(page);
      if (kind == Kind::free || kind == Kind::run) {
        const ExtentKind extent_kind = kind == Kind::free ? ExtentKind::free : ExtentKind::used;
        if (!step.show(page_at(page), pages * PageSize, extent_kind)) return false;
        continue;
      }
      const std::size_t size = block_size(kind);
      for (std::size_t block = step.below(page_at(page)) / size; block < blocks(kind); ++block) {
        const ExtentKind extent_kind = is_lent(page, block) ? ExtentKind::used : ExtentKind::free;
        if (!step.show(page_at(page) + block * size, size, extent_kind)) return false;
      }
    }
    return true;
  }

  /// True where tiles follow each other from the first page to the last, and their other pages say what they should.
  bool tiles_hold(Pages range) const noexcept {
    for (std::size_t page = range.first; page != range.end;) {
      const auto [kind, pages] = tile(page);
      const bool is_cut = kind == Kind::small || kind == Kind::medium;
      if (!is_cut && kind != Kind::run && kind != Kind::free) return false;
      if (pages == 0 || pages > count() - page || (is_cut && pages != 1)) return false;
      for (std::size_t other = page + 1; other != page + pages; ++other) {
        const bool ends_free = kind == Kind::free && other + 1 == page + pages;
        if (tiles_[other] != (ends_free ? word(Kind::tail, pages) : 0)) return false;
      }
      page += pages;
    }
    return true;
  }

  /// True where no two free runs touch, of which the upper one lies here. This and the next two ask that tiles_hold().
  bool free_runs_are_merged(Pages range) const noexcept {
    bool follows_free = range.first != 0 && ends_free(range.first - 1);
    for (std::size_t page = range.first; page != range.end; page += tile(page).pages) {
      const bool is_free = tile(page).kind == Kind::free;
      if (follows_free && is_free) return false;
      follows_free = is_free;
    }
    return true;
  }

  /// True where each cut page has a lent block and no bit for a block that it does not have.
  bool blocks_hold(Pages range) const noexcept {
    for (std::size_t page = range.first; page != range.end; page += tile(page).pages) {
      const Kind kind = tile(page).kind;
      if (kind != Kind::small && kind != Kind::medium) continue;
      if (!has_lent(page)) return false;
      for (std::size_t bit = blocks(kind); bit != lent_words_per_page * 32; ++bit) {
        if (is_lent(page, bit)) return false;
      }
    }
    return true;
  }

  /// True where the pages with room are those that are cut and have a free block.
  bool room_holds(Pages range) const noexcept {
    for (const Kind kind : {Kind::small, Kind::medium}) {
      for (std::size_t page = range.first; page != range.end; ++page) {
        const bool has_room = tile(page).kind == kind && first_free(page, kind) != blocks(kind);
        if (room(kind).contains(page) != has_room) return false;
      }
    }
    return small_room_.holds(range.first, range.end) && medium_room_.holds(range.first, range.end);
  }

  bool tree_holds(Pages range) const noexcept { return tiles_.holds(range.first, range.end); }

  PageMap* next = nullptr;  ///< for the owner of several maps

 private:
  static constexpr unsigned shift = 29;
  static constexpr std::size_t lent_words_per_page = (PageSize / SmallBlock + 31) / 32;

  static std::uint32_t word(Kind kind, std::size_t pages) noexcept {
    return static_cast<std::uint32_t>(kind) << shift | static_cast<std::uint32_t>(pages);
  }

  // All that follows this object in the map.
  std::uint32_t* words() noexcept { return reinterpret_cast<std::uint32_t*>(this + 1); }

  BitTree& room(Kind kind) noexcept { return kind == Kind::small ? small_room_ : medium_room_; }
  const BitTree& room(Kind kind) const noexcept { return kind == Kind::small ? small_room_ : medium_room_; }

  std::uint32_t* lent_words(std::size_t page) const noexcept { return lent_ + page * lent_words_per_page; }

  // Whether `page` is the last one of a free run.
  bool ends_free(std::size_t page) const noexcept {
    return tile(page).kind == Kind::free || tile(page).kind == Kind::tail;
  }

  // The page after the tile of which `page` is the first; a later page than that in any case.
  std::size_t above(std::size_t page) const noexcept {
    return page + (tile(page).pages == 0 ? 1 : tile(page).pages);
  }

  bool has_lent(std::size_t page) const noexcept {
    std::uint32_t any = 0;
    for (std::size_t index = 0; index != lent_words_per_page; ++index) any |= lent_words(page)[index];
    return any != 0;
  }

  // Of a full page: the number of its blocks.
  std::size_t first_free(std::size_t page, Kind kind) const noexcept {
    for (std::size_t first = 0; first < blocks(kind); first += 32) {
      const std::uint32_t free = ~lent_words(page)[first / 32];
      if (free != 0) return first + static_cast<std::size_t>(std::countr_zero(free));
    }
    return blocks(kind);
  }

  // Makes the lowest free pages a tile of `kind`, if their first `needed` bytes end at or below `limit`.
  std::byte* take(Kind kind, std::size_t count, std::size_t alignment, std::size_t limit, std::size_t needed) noexcept {
    const std::uint32_t least = word(Kind::free, count);
    for (std::size_t head = tiles_.next(0, least); head != none; head = tiles_.next(head + 1, least)) {
      const CheckedSize at = CheckedSize(address_of(page_at(head))).aligned_up(alignment);
      if (!at.fits()) return nullptr;
      const std::size_t before = (at.value() - address_of(page_at(head))) / PageSize;
      if (before > tile(head).pages - count) continue;
      if (at.value() + needed > limit) return nullptr;
      const std::size_t free = take_free(head);
      write_free(head, before);
      tiles_.set(head + before, word(kind, count));
      write_free(head + before + count, free - before - count);
      return page_at(head + before);
    }
    return nullptr;
  }

  // The pages of the free run from `head` are no tile any more.
  std::size_t take_free(std::size_t head) noexcept {
    const std::size_t pages = tile(head).pages;
    tiles_.set(head, 0);
    if (pages != 1) tiles_.set(head + pages - 1, 0);
    return pages;
  }

  void write_free(std::size_t page, std::size_t count) noexcept {
    if (count == 0) return;
    tiles_.set(page, word(Kind::free, count));
    if (count != 1) tiles_.set(page + count - 1, word(Kind::tail, count));
  }

  std::byte* first_page_;
  Place place_;
  MaxTree tiles_;
  BitTree small_room_;
  BitTree medium_room_;
  std::uint32_t* lent_;
};

}  // namespace bareheap
