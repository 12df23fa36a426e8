// SPDX-License-Identifier: MIT
//
// PageHeap: the page allocator done right. A page becomes one block of 4096 bytes, or 16 of 256, or 256 of 16; what is
// larger is a run of pages. All that is known about the pages stands in a map outside of them.
//
//     region    | map |  run of 3 pages  | cut | run | free . . . |      the map is carved from the region's start,
//                        ^                 ^     ^     ^                 or given apart
//                 `------'-----------------'-----'-----'  kind, length, blocks lent (parts/page_map.hpp)
//
//     a cut page  |####|    |####|####|    |  . . .  16 or 256 blocks, nothing between them, the first one at its start
//
// Everything goes to the lowest place where it fits: a block to the lowest page that is cut for its size and has room,
// a run and a page to be cut to the lowest free run that is long enough. A freed run merges with the free runs below
// and above it; a cut page whose last block is freed is a free page again. The engine never reads or writes a page.
//
// For:      page frames, page tables, stacks, buffers for devices: where memory is mapped one to one, a block's address
//           is its physical address. Memory in which nobody may write but its user.
// Not for:  small objects of many sizes: 17 bytes cost 256, 257 cost a page.
// Cost:     allocate, deallocate and resize: a few dozen reads for each factor of 16 in a region's pages, however many
//           runs are free and however long they are; for an alignment above a page as much again for each run that is
//           long enough but lies badly. allocate asks one region after another, the other calls look for theirs.
//           size_of: constant but for that. init and add: 4.5 bytes written a page. walk: tiles. check: pages and
//           blocks. A step: those of its tiles, of which a cut page is one for check, and one look at each region; up
//           to one look a page of a run in which it has to go on, since the heap has changed. Telling what is wrong
//           with a bad free, before the stop: up to one step a page.
// Overhead: the object is one word. The map takes 36.5 bytes a page (0.9 %), 96 for itself, and what rounds it up to a
//           page; see smallest_region(). A request is rounded up to 16, 256 or whole pages.
// Bad frees: all are caught: what was never lent, what is free already, an address inside a block, another class or
//           length, an alignment that the block does not have. A block that has been lent again since, with the same
//           layout, is rightly freed by then: nothing tells the two apart.
// Invariants:
//   1. Regions ascend and share no byte; each has a page at least, and its pages start at a multiple of the page size.
//   2. The tiles of a region follow each other from its first page to its last; a cut page is a tile of one page; of a
//      tile's other pages only the last one of a free run says something, which is its length.
//   3. Two free runs never touch.
//   4. A cut page has a lent block, and no bit is set for a block that it does not have.
//   5. The pages with room for a size are those that are cut for it and have a free block.
//   6. A number of the max tree is the greatest of those that it stands for.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/parts/bit_tree.hpp"
#include "bareheap/parts/max_tree.hpp"
#include "bareheap/parts/page_map.hpp"

#include <new>

namespace bareheap {

/// The sizes are parameters so that the tests can enumerate every state of a tiny heap. A program uses PageHeap.
template <std::size_t SmallBlock, std::size_t MediumBlock, std::size_t PageSize>
class BasicPageHeap {
  using Map = PageMap<SmallBlock, MediumBlock, PageSize, MaxTree, BitTree>;
  using Kind = Map::Kind;

 public:
  static constexpr std::size_t small_block = SmallBlock;
  static constexpr std::size_t medium_block = MediumBlock;
  static constexpr std::size_t page_size = PageSize;

  /// Pages of one region are counted in 29 bits: what lies beyond is left alone and counted as lost.
  static constexpr std::size_t most_pages = Map::most_pages;

  /// A map that is given apart may start anywhere; one that starts at a multiple of this wastes nothing.
  static constexpr std::size_t map_alignment = alignof(Map);

  /// Bytes of the map of so many pages. The greatest size there is where no map is so large.
  static constexpr std::size_t map_size(std::size_t pages) noexcept {
    return pages > most_pages ? size_limit : Map::bytes(pages == 0 ? 1 : pages).value();
  }

  /// Bytes of a region that has room for so many pages and their map, wherever it starts; a byte less does not always.
  /// The greatest size there is where no region is so large.
  static constexpr std::size_t smallest_region(std::size_t pages) noexcept {
    return (CheckedSize(pages) * page_size + map_size(pages) + (page_size - 1)).value();
  }

  /// No memory yet: every request is refused until init().
  constexpr BasicPageHeap() noexcept = default;

  /// Takes as many whole pages of a region as it has room for with their map in front of them, at least one; refuses a
  /// second region (more memory is given by add()).
  Admission init(Region region) noexcept {
    if (first_ != nullptr) return {.fault = Fault::initialised_twice, .lost = region.size};
    return take(region);
  }

  /// Takes the whole pages of a region, at least one, whose map is put into `map`, which has map_size() bytes at least.
  /// The pages are not touched. The admission tells of the pages alone.
  Admission init(Region pages, Region map) noexcept {
    if (first_ != nullptr) return {.fault = Fault::initialised_twice, .lost = pages.size};
    return take(pages, map);
  }

  /// Takes a further region, with a map of its own. Blocks never cross from one region to another.
  Admission add(Region region) noexcept {
    if (first_ == nullptr) return {.fault = Fault::not_initialised, .lost = region.size};
    return take(region);
  }

  Admission add(Region pages, Region map) noexcept {
    if (first_ == nullptr) return {.fault = Fault::not_initialised, .lost = pages.size};
    return take(pages, map);
  }

  Block allocate(Layout asked) noexcept { return allocate_below(asked, size_limit); }

  /// The block ends at or below the address `limit`: for a device that reaches no further.
  Block allocate_below(Layout asked, std::uintptr_t limit) noexcept {
    const Grant grant = grant_for(asked);
    for (Map* map = first_; map != nullptr; map = map->next) {
      std::byte* at = nullptr;
      if (grant.kind != Kind::run) {
        at = map->take_block(grant.kind, limit);
      } else if (grant.pages() <= map->count()) {
        at = map->take_run(grant.pages(), asked.alignment(), limit);
      }
      if (at != nullptr) return {at, grant.size};
    }
    return {};
  }

  /// So many pages in a row, one at least, aligned to a page at least.
  Block allocate_pages(std::size_t count, std::size_t alignment = page_size) noexcept {
    return allocate(pages_layout(count, alignment));
  }

  /// Takes back what allocate_pages() lent.
  void deallocate_pages(std::byte* at, std::size_t count) noexcept { deallocate(at, pages_layout(count, page_size)); }

  void deallocate(std::byte* at, Layout asked) noexcept {
    if (at == nullptr) return;
    const Lent lent = find(at, asked);
    if (lent.fault != Fault::none) [[unlikely]]
      panic({.fault = lent.fault, .address = at, .caller = caller_here()});
    if (lent.kind == Kind::run) return lent.map->give(lent.page, lent.size / page_size);
    lent.map->give_block(lent.page, lent.block);
  }

  /// True where the new size is granted the same bytes as the old one, and for runs that shrink or have room above
  /// them; never where a run would become a block.
  bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    const Lent lent = find(at, asked);
    if (lent.fault != Fault::none) [[unlikely]]
      panic({.fault = lent.fault, .address = at, .caller = caller_here()});
    const Grant grant = grant_for(asked.with_size(size));
    if (grant.kind != lent.kind) return false;
    return grant.size == lent.size || lent.map->resize_run(lent.page, grant.pages());
  }

  bool owns(const void* at) const noexcept {
    for (const Map* map = first_; map != nullptr; map = map->next) {
      if (region_of(*map).contains(at)) return true;
    }
    return false;
  }

  /// The bytes that were granted. An address that is not lent is a fault.
  std::size_t size_of(const std::byte* at) const noexcept {
    const Lent lent = find(at);
    if (lent.fault != Fault::none) [[unlikely]]
      panic({.fault = lent.fault, .address = at, .caller = caller_here()});
    return lent.size;
  }

  /// A region starts with its map, if that lies in it. A free run is one tile, a lent one too; a cut page shows its
  /// blocks.
  void walk(ExtentSink sink) const noexcept {
    static_cast<void>(walk_step(nullptr, size_limit, sink));
  }

  const std::byte* walk_step(const std::byte* from, std::size_t count, ExtentSink sink) const noexcept {
    TileStep step(from, count, sink);
    for (const Map* map = first_; map != nullptr; map = map->next) {
      const Region region = region_of(*map);
      const bool goes_on = step.show(region.start, region.size - map->pages().size, ExtentKind::meta);
      if (!goes_on || !map->walk(step)) break;
    }
    return step.next();
  }

  [[nodiscard]] Fault check() const noexcept {
    if (!regions_hold()) return Fault::invariant_1;
    Fault least = Fault::none;
    for (const Map* map = first_; map != nullptr; map = map->next) {
      const Fault fault = judge(*map, {0, map->count()});
      if (fault != Fault::none && (least == Fault::none || fault < least)) least = fault;
    }
    return least;
  }

  /// Tests the tiles of one region, and all numbers of the map that stand for them.
  [[nodiscard]] CheckStep check_step(const std::byte* from, std::size_t count) const noexcept {
    if (!regions_hold()) return {Fault::invariant_1, nullptr};
    const Map* map = first_;
    while (map != nullptr && address_of(map->pages().end()) <= address_of(from)) map = map->next;
    if (map == nullptr) return {};
    const auto pages = map->tiles_from(from, count);
    const Fault fault = judge(*map, pages);
    const bool is_last = pages.end == map->count() && map->next == nullptr;
    return {fault, fault != Fault::none || is_last ? nullptr : map->page_at(pages.end)};
  }

 private:
  struct Grant {
    Kind kind;
    std::size_t size;

    std::size_t pages() const noexcept { return size / page_size; }
  };

  /// What is known of an address: the lent block that starts there, or why there is none.
  struct Lent {
    Fault fault = Fault::never_lent;
    Map* map = nullptr;
    std::size_t page = 0;
    std::size_t block = 0;
    Kind kind = Kind::rest;
    std::size_t size = 0;
  };

  // What no region can hold is granted the greatest size, which no region has.
  static Grant grant_for(Layout asked) noexcept {
    const std::size_t fit = asked.size() > asked.alignment() ? asked.size() : asked.alignment();
    if (fit <= small_block) return {Kind::small, small_block};
    if (fit <= medium_block) return {Kind::medium, medium_block};
    return {Kind::run, CheckedSize(asked.size() == 0 ? 1 : asked.size()).aligned_up(page_size).value()};
  }

  // What is no power of two does not get past the Layout of the alignment that was asked for.
  static Layout pages_layout(std::size_t count, std::size_t alignment) noexcept {
    const std::size_t asked = Layout(page_size, alignment).alignment();
    return Layout((CheckedSize(count) * page_size).value(), asked > page_size ? asked : page_size);
  }

  static Region region_of(const Map& map) noexcept {
    return map.place() == Map::Place::inside ? Region::between(map.map().start, map.pages().end()) : map.pages();
  }

  Map* map_of(const void* at) const noexcept {
    Map* map = first_;
    while (map != nullptr && !map->pages().contains(at)) map = map->next;
    return map;
  }

  Lent find(const std::byte* at) const noexcept {
    Map* const map = map_of(at);
    if (map == nullptr) return {};
    const std::size_t page = map->page_of(at);
    const std::size_t offset = address_of(at) % page_size;
    const auto [kind, pages] = map->tile(page);
    if (kind == Kind::small || kind == Kind::medium) {
      const std::size_t size = Map::block_size(kind);
      const Fault fault = offset % size != 0                   ? Fault::never_lent
                          : !map->is_lent(page, offset / size) ? Fault::freed_twice
                                                               : Fault::none;
      return {fault, map, page, offset / size, kind, size};
    }
    if (kind == Kind::run && offset == 0) return {Fault::none, map, page, 0, kind, pages * page_size};
    const bool is_free = map->tile(map->head_of(page)).kind == Kind::free;
    return {.fault = is_free && offset % small_block == 0 ? Fault::freed_twice : Fault::never_lent};
  }

  Lent find(const std::byte* at, Layout asked) const noexcept {
    Lent lent = find(at);
    const Grant grant = grant_for(asked);
    const bool fits = grant.kind == lent.kind && grant.size == lent.size;
    if (lent.fault == Fault::none && !(fits && is_aligned(address_of(at), asked.alignment()))) {
      lent.fault = Fault::wrong_layout;
    }
    return lent;
  }

  // The most pages that fit between `start`, where their map starts, and `end`.
  static std::size_t pages_between(std::size_t start, std::size_t end) noexcept {
    std::size_t fit = 0;
    std::size_t too_many = (end - start) / page_size < most_pages ? (end - start) / page_size + 1 : most_pages + 1;
    while (too_many - fit > 1) {
      const std::size_t pages = fit + (too_many - fit) / 2;
      const CheckedSize last =
          (CheckedSize(start) + map_size(pages)).aligned_up(page_size) + CheckedSize(pages) * page_size;
      (last.fits() && last.value() <= end ? fit : too_many) = pages;
    }
    return fit;
  }

  Admission take(Region region) noexcept {
    Admission admission = admit(region, map_alignment, map_alignment);
    if (!admission) return admission;
    Region& taken = admission.taken;
    const std::size_t pages = pages_between(address_of(taken.start), address_of(taken.end()));
    if (pages == 0) return {.fault = Fault::region_too_small, .lost = region.size};
    const std::size_t end_of_map = address_of(taken.start) + map_size(pages);
    const std::size_t before = CheckedSize(end_of_map).aligned_up(page_size).value() - address_of(taken.start);
    taken.size = before + pages * page_size;
    if (overlaps(taken)) return {.fault = Fault::region_overlaps, .lost = region.size};
    insert(new (taken.start) Map(taken.start + before, pages, Map::Place::inside));
    admission.lost = region.size - taken.size;
    return admission;
  }

  Admission take(Region region, Region map) noexcept {
    Admission admission = admit(region, page_size, page_size);
    const Admission place = admit(map, map_alignment, map_alignment);
    if (!admission) return admission;
    Region& taken = admission.taken;
    if (taken.size / page_size > most_pages) taken.size = most_pages * page_size;
    const std::size_t pages = taken.size / page_size;
    const Region used{place.taken.start, map_size(pages)};
    if (!place) return {.fault = place.fault, .lost = region.size};
    if (place.taken.size < used.size) return {.fault = Fault::region_too_small, .lost = region.size};
    const bool apart = !taken.overlaps(used) && !overlaps(taken) && !overlaps(used);
    if (!apart) return {.fault = Fault::region_overlaps, .lost = region.size};
    insert(new (used.start) Map(taken.start, pages, Map::Place::apart));
    admission.lost = region.size - taken.size;
    return admission;
  }

  bool overlaps(Region other) const noexcept {
    for (const Map* map = first_; map != nullptr; map = map->next) {
      if (region_of(*map).overlaps(other) || map->map().overlaps(other)) return true;
    }
    return false;
  }

  void insert(Map* map) noexcept {
    Map** link = &first_;
    while (*link != nullptr && address_of((*link)->pages().start) < address_of(map->pages().start))
      link = &(*link)->next;
    map->next = *link;
    *link = map;
  }

  bool regions_hold() const noexcept {
    std::size_t end_below = 0;
    for (const Map* map = first_; map != nullptr; map = map->next) {
      const Region pages = map->pages();
      if (map->count() == 0 || map->count() > most_pages || pages.wraps()) return false;
      const Region region = region_of(*map);
      const bool lies_right = region.wraps() ? false : address_of(region.end()) == address_of(pages.end());
      if (!lies_right || !is_aligned(address_of(pages.start), page_size)) return false;
      if (address_of(region.start) < end_below) return false;
      end_below = address_of(region.end());
    }
    return true;
  }

  // The first of the invariants 2 to 6 that does not hold for these pages.
  static Fault judge(const Map& map, Map::Pages pages) noexcept {
    if (!map.tiles_hold(pages)) return Fault::invariant_2;
    if (!map.free_runs_are_merged(pages)) return Fault::invariant_3;
    if (!map.blocks_hold(pages)) return Fault::invariant_4;
    if (!map.room_holds(pages)) return Fault::invariant_5;
    return map.tree_holds(pages) ? Fault::none : Fault::invariant_6;
  }

  Map* first_ = nullptr;
};

/// The sizes of the story: 16, 256 and 4096 bytes.
using PageHeap = BasicPageHeap<16, 256, 4096>;

static_assert(SelfSizing<PageHeap> && Growable<PageHeap> && Stepwise<PageHeap>);
extern template class BasicPageHeap<16, 256, 4096>;

}  // namespace bareheap
