// SPDX-License-Identifier: MIT
//
// StoryPages: the page allocator of the Homer story. A page becomes one block of 4096 bytes, or 15 of 256, or 255 of 16
// behind a header entry; what is larger is a run of pages.
//
//     start          fresh                     end
//       | p | p | p | p | . . . . . . . . . . . |          p = page handed out at least once
//         |
//         `-> |head|lent|free|free|lent| . . . |           a page cut into blocks: the first entry is the header
//
//     free small  -> block -> block -> 0     last in, first out; the link is the first word of the free block
//     free medium -> block -> 0
//     free pages  -> page  -> 0              asked before fresh pages are
//     cut pages   -> header -> header -> 0   every page that is cut into blocks; only walk() and check() read it
//
// For:      reading, and following the story literally.
// Not for:  programs that run long: runs fall apart into pages when they are freed, pages once cut stay cut, and
//           nothing ever merges. PageHeap does it right.
// Cost:     allocate and deallocate of a block or a page: constant, but for the cutting of a page (256 stores). Of a
//           run: its number of pages. A page freed: constant, or the number of cut pages where its first word looks
//           like a header. walk: cut pages times free blocks, and for every 16384 pages all free and all cut pages;
//           check: the same without the first. A step of the walk: all free and all cut pages, for each cut page that
//           it shows the free blocks of its size, and its tiles. A step of the check: all of it. None looks at a list
//           longer than it can be, so that a ring does not hold it. walk needs 4 KiB of stack.
// Overhead: the object is six words. A page of small blocks loses 0.39 %, one of medium blocks 6.25 % to its header; a
//           request is rounded up to 16, 256 or whole pages.
// Bad frees: an address outside the pages handed out, one that is no entry of its page, a cut page freed as a whole and
//           a layout of another class are caught. Not noticed by the call: a double free (check() finds it, since it
//           closes a list to a ring), a page out of the middle of a run, and an address inside a lent page whose first
//           word happens to be an entry size.
// Invariants:
//   1. fresh <= pages, and start is a multiple of the page size.
//   2. Every cut page lies below fresh, on a page boundary, with a header that names one of the two entry sizes.
//   3. Every free small block is an entry, not the first, of a page cut into small blocks, and is in the list once.
//   4. The same for medium blocks.
//   5. Every free page lies below fresh, on a page boundary, and is in the list once. (A cut page cannot be among them:
//      its first word, the entry size, would be a link to there.)
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/parts/bitmap.hpp"
#include "bareheap/parts/free_list.hpp"

#include <cstdint>
#include <limits>

namespace bareheap {

/// The sizes are parameters so that the tests can enumerate every state of a tiny heap. A program uses StoryPages.
template <std::size_t SmallBlock, std::size_t MediumBlock, std::size_t PageSize>
class BasicStoryPages {
 public:
  /// Tells where the heap may work; it is asked once, by the first request.
  using RegionSource = Region (*)() noexcept;

  static constexpr std::size_t small_block = SmallBlock;
  static constexpr std::size_t medium_block = MediumBlock;
  static constexpr std::size_t page_size = PageSize;

  /// No memory yet: every request is refused until init().
  constexpr BasicStoryPages() noexcept = default;

  /// The first request asks `source` for the region. A region that cannot be taken stops the program with its fault.
  constexpr explicit BasicStoryPages(RegionSource source) noexcept : origin_{.source = source} {}

  /// Takes the whole pages of a region, at least one; refuses a second region (more memory is given by add()).
  Admission init(Region region) noexcept {
    if (pages_ != 0) return {.fault = Fault::initialised_twice, .lost = region.size};
    const Admission admission = within_reach(admit(region, page_size, page_size));
    if (admission) {
      origin_.start = admission.taken.start;
      pages_ = page_count(admission.taken.size);
    }
    return admission;
  }

  /// Takes the whole pages of a region that starts where the heap ends.
  Admission add(Region region) noexcept {
    if (pages_ == 0) return {.fault = Fault::not_initialised, .lost = region.size};
    const Admission admission = within_reach(admit(region, page_size, page_size));
    if (!admission) return admission;
    if (admission.taken.overlaps(whole())) return {.fault = Fault::region_overlaps, .lost = region.size};
    if (admission.taken.start != whole().end()) return {.fault = Fault::region_apart, .lost = region.size};
    pages_ += page_count(admission.taken.size);
    return admission;
  }

  Block allocate(Layout asked) noexcept {
    if (pages_ == 0 && !ask_source()) [[unlikely]] return {};
    switch (kind_of(asked)) {
      case Kind::small: return take_block(free_small_, small_block);
      case Kind::medium: return take_block(free_medium_, medium_block);
      case Kind::page: return take_page();
      case Kind::run: break;
    }
    return take_run(asked);
  }

  void deallocate(std::byte* at, Layout asked) noexcept {
    if (at == nullptr) return;
    if (const Fault fault = judge(at, asked); fault != Fault::none) [[unlikely]] {
      panic({.fault = fault, .address = at, .caller = caller_here()});
    }
    switch (kind_of(asked)) {
      case Kind::small: return free_small_.push(at);
      case Kind::medium: return free_medium_.push(at);
      case Kind::page:
      case Kind::run: return give_pages(at, granted(asked) / page_size);
    }
  }

  /// True where the new size is granted the same bytes as the old one.
  bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    if (const Fault fault = judge(at, asked); fault != Fault::none) [[unlikely]] {
      panic({.fault = fault, .address = at, .caller = caller_here()});
    }
    return granted(asked) == granted(asked.with_size(size));
  }

  bool owns(const void* at) const noexcept { return whole().contains(at); }

  /// A cut page shows its header as meta and each of its entries; any other page that was handed out is one tile, a run
  /// as many as it has pages; the fresh pages are one tile.
  void walk(ExtentSink sink) const noexcept { static_cast<void>(walk_step(nullptr, size_limit, sink)); }

  const std::byte* walk_step(const std::byte* from, std::size_t count, ExtentSink sink) const noexcept {
    TileStep step(from, count, sink);
    for (std::size_t first = step.below(whole().start) / page_size; first < fresh_; first += window) {
      if (!walk_window(first, step)) return step.next();
    }
    if (fresh_ != pages_) {
      static_cast<void>(step.show(page_at(fresh_), (pages_ - fresh_) * page_size, ExtentKind::free));
    }
    return step.next();
  }

  [[nodiscard]] Fault check() const noexcept {
    if (fresh_ > pages_ || (pages_ != 0 && !on_page(origin_.start))) return Fault::invariant_1;
    if (!cut_pages_hold()) return Fault::invariant_2;
    if (!blocks_hold(free_small_, small_block)) return Fault::invariant_3;
    if (!blocks_hold(free_medium_, medium_block)) return Fault::invariant_4;
    if (!free_pages_hold()) return Fault::invariant_5;
    return Fault::none;
  }

  /// All of check(): the invariants are about lists in no order, in which there is no address to go on from.
  [[nodiscard]] CheckStep check_step(const std::byte*, std::size_t) const noexcept { return {check(), nullptr}; }

 private:
  enum class Kind : std::uint8_t { small, medium, page, run };

  struct Header {
    std::size_t entry;
    Header* next;
  };

  union Origin {
    RegionSource source;  // while pages_ is 0; may be null
    std::byte* start;     // from then on
  };

  // walk() and check() mark pages in bitmaps on the stack, a window of pages at a time.
  static constexpr std::size_t window = 16384;
  using Marks = Bitmap<window>;

  static_assert(sizeof(Header) <= SmallBlock && alignof(Header) <= SmallBlock);
  static_assert(is_power_of_two(SmallBlock) && is_power_of_two(MediumBlock) && is_power_of_two(PageSize));
  static_assert(SmallBlock < MediumBlock && MediumBlock < PageSize);

  static Kind kind_of(Layout asked) noexcept {
    const std::size_t fit = asked.size() > asked.alignment() ? asked.size() : asked.alignment();
    if (fit <= small_block) return Kind::small;
    if (fit <= medium_block) return Kind::medium;
    return fit <= page_size ? Kind::page : Kind::run;
  }

  // A size that no run can have is granted the greatest size, which no region holds.
  static std::size_t granted(Layout asked) noexcept {
    switch (kind_of(asked)) {
      case Kind::small: return small_block;
      case Kind::medium: return medium_block;
      case Kind::page: return page_size;
      case Kind::run: break;
    }
    return CheckedSize(asked.size() == 0 ? 1 : asked.size()).aligned_up(page_size).value();
  }

  static bool on_page(const void* at) noexcept { return is_aligned(address_of(at), page_size); }

  static const Header* header_of(const void* at) noexcept {
    return reinterpret_cast<const Header*>(align_down(address_of(at), page_size));
  }

  static std::uint32_t page_count(std::size_t size) noexcept { return static_cast<std::uint32_t>(size / page_size); }

  // Pages are counted in 32 bits: what lies beyond is left alone and counted as lost.
  Admission within_reach(Admission admission) const noexcept {
    const CheckedSize pages_left = std::size_t{std::numeric_limits<std::uint32_t>::max() - pages_};
    const std::size_t most = (pages_left * page_size).value();
    if (admission && admission.taken.size > most) {
      admission.lost += admission.taken.size - most;
      admission.taken.size = most;
    }
    return admission;
  }

  Region whole() const noexcept {
    return pages_ == 0 ? Region{} : Region{origin_.start, std::size_t{pages_} * page_size};
  }

  std::byte* page_at(std::size_t page) const noexcept { return origin_.start + page * page_size; }

  std::size_t page_of(const void* at) const noexcept {
    return (address_of(at) - address_of(origin_.start)) / page_size;
  }

  bool is_handed_out(const void* at) const noexcept { return pages_ != 0 && page_of(at) < fresh_; }

  [[gnu::cold]] bool ask_source() noexcept {
    if (origin_.source == nullptr) return false;
    const Region region = origin_.source();
    const Admission admission = init(region);
    if (!admission) panic({.fault = admission.fault, .address = region.start, .caller = caller_here()});
    return true;
  }

  Block take_block(FreeList& list, std::size_t entry) noexcept {
    if (list.empty()) {
      const Block page = take_page();
      if (!page) return {};
      cut_pages_ = new (page.at) Header{entry, cut_pages_};
      for (std::size_t offset = page_size - entry; offset != 0; offset -= entry) list.push(page.at + offset);
    }
    return {list.pop(), entry};
  }

  Block take_page() noexcept {
    if (!free_pages_.empty()) return {free_pages_.pop(), page_size};
    if (fresh_ == pages_) return {};
    return {page_at(fresh_++), page_size};
  }

  // A run is always cut from fresh pages. Pages that are passed over for its alignment become free pages.
  Block take_run(Layout asked) noexcept {
    const std::size_t size = granted(asked);
    const std::size_t next = address_of(page_at(fresh_));
    const CheckedSize first = CheckedSize(next).aligned_up(asked.alignment());
    const CheckedSize end = first + size;
    if (!end.fits() || end.value() > address_of(whole().end())) return {};
    give_pages(page_at(fresh_), (first.value() - next) / page_size);
    std::byte* const at = page_at(fresh_) + (first.value() - next);
    fresh_ += page_count(end.value() - next);
    return {at, size};
  }

  // Pushed from the last to the first, so that they come out in ascending order.
  void give_pages(std::byte* at, std::size_t count) noexcept {
    while (count != 0) free_pages_.push(at + --count * page_size);
  }

  // What can be told about a free without a map: not that a block is lent, but that it could be.
  Fault judge(const std::byte* at, Layout asked) const noexcept {
    if (!is_handed_out(at)) return Fault::never_lent;
    const Kind kind = kind_of(asked);
    if (kind == Kind::page || kind == Kind::run) {
      const std::size_t most = (fresh_ - page_of(at)) * page_size;
      const bool fits = on_page(at) && is_aligned(address_of(at), asked.alignment()) && granted(asked) <= most;
      return fits && !is_cut(at) ? Fault::none : Fault::wrong_layout;
    }
    const std::size_t entry = granted(asked);
    if (header_of(at)->entry != entry) return Fault::wrong_layout;
    return on_page(at) || !is_aligned(address_of(at), entry) ? Fault::never_lent : Fault::none;
  }

  // Whether a page is cut: its first word can only deny it, since a lent page may hold anything.
  bool is_cut(const std::byte* page) const noexcept {
    const std::size_t entry = header_of(page)->entry;
    if (entry != small_block && entry != medium_block) return false;
    std::size_t left = fresh_;
    for (const Header* header = cut_pages_; header != nullptr && left-- != 0; header = header->next) {
      if (header == header_of(page)) return true;
    }
    return false;
  }

  // Both show what the step has not passed yet; false: the step is at its end.
  bool walk_window(std::size_t first, TileStep& step) const noexcept {
    const std::size_t last = first + window < fresh_ ? first + window : fresh_;
    const Marks free = marks_of_free_pages(first);
    const Marks cut = marks_of_cut_pages(first, small_block, medium_block);
    for (std::size_t page = first; page != last; ++page) {
      const ExtentKind kind = free.test(page - first) ? ExtentKind::free : ExtentKind::used;
      const bool goes_on = cut.test(page - first) ? walk_cut_page(page_at(page), step)
                                                  : step.show(page_at(page), page_size, kind);
      if (!goes_on) return false;
    }
    return true;
  }

  bool walk_cut_page(const std::byte* page, TileStep& step) const noexcept {
    const std::size_t entry = header_of(page)->entry;
    const FreeList& list = entry == small_block ? free_small_ : free_medium_;
    Bitmap<PageSize / SmallBlock> free;
    std::size_t left = most_entries(entry);
    for (const FreeNode* node = list.first(); node != nullptr && left-- != 0; node = node->next) {
      const std::size_t offset = address_of(node) - address_of(page);
      if (offset < page_size) free.set(offset / entry);
    }
    if (!step.show(page, entry, ExtentKind::meta)) return false;
    for (std::size_t offset = entry; offset != page_size; offset += entry) {
      const ExtentKind kind = free.test(offset / entry) ? ExtentKind::free : ExtentKind::used;
      if (!step.show(page + offset, entry, kind)) return false;
    }
    return true;
  }

  Marks marks_of_free_pages(std::size_t first) const noexcept {
    Marks marks;
    std::size_t left = fresh_;
    for (const FreeNode* node = free_pages_.first(); node != nullptr && left-- != 0; node = node->next) {
      if (page_of(node) - first < window) marks.set(page_of(node) - first);
    }
    return marks;
  }

  Marks marks_of_cut_pages(std::size_t first, std::size_t entry, std::size_t other_entry) const noexcept {
    Marks marks;
    std::size_t left = fresh_;
    for (const Header* header = cut_pages_; header != nullptr && left-- != 0; header = header->next) {
      const bool counts = header->entry == entry || header->entry == other_entry;
      if (counts && page_of(header) - first < window) marks.set(page_of(header) - first);
    }
    return marks;
  }

  // A list that is longer than this has closed to a ring.
  std::size_t most_entries(std::size_t entry) const noexcept { return fresh_ * (page_size / entry - 1); }

  bool cut_pages_hold() const noexcept {
    std::size_t left = fresh_;
    for (const Header* header = cut_pages_; header != nullptr; header = header->next) {
      if (left-- == 0 || !is_handed_out(header) || !on_page(header)) return false;
      if (header->entry != small_block && header->entry != medium_block) return false;
    }
    return true;
  }

  bool blocks_hold(const FreeList& list, std::size_t entry) const noexcept {
    std::size_t left = most_entries(entry);
    for (const FreeNode* node = list.first(); node != nullptr; node = node->next) {
      if (left-- == 0 || !is_handed_out(node) || on_page(node) || !is_aligned(address_of(node), entry)) return false;
    }
    for (std::size_t first = 0; first < fresh_; first += window) {
      const Marks cut = marks_of_cut_pages(first, entry, entry);
      for (const FreeNode* node = list.first(); node != nullptr; node = node->next) {
        if (page_of(node) - first < window && !cut.test(page_of(node) - first)) return false;
      }
    }
    return true;
  }

  bool free_pages_hold() const noexcept {
    std::size_t left = fresh_;
    for (const FreeNode* node = free_pages_.first(); node != nullptr; node = node->next) {
      if (left-- == 0 || !is_handed_out(node) || !on_page(node)) return false;
    }
    return true;
  }

  Origin origin_{.source = nullptr};
  FreeList free_small_;
  FreeList free_medium_;
  FreeList free_pages_;
  Header* cut_pages_ = nullptr;
  std::uint32_t fresh_ = 0;
  std::uint32_t pages_ = 0;
};

/// The sizes of the story: 16, 256 and 4096 bytes.
using StoryPages = BasicStoryPages<16, 256, 4096>;

static_assert(Stepwise<StoryPages> && Growable<StoryPages>);
extern template class BasicStoryPages<16, 256, 4096>;

}  // namespace bareheap
