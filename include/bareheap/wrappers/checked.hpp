// SPDX-License-Identifier: MIT
//
// Checked: finds who writes where it must not, frees twice, or never frees.
//
//     block of the heap inside
//     | . . | header | red zone | lent to the program . . . . . . | red zone . . |
//                               `-> at, aligned as asked
//     freed: | everything is poison . . . . . . . . . . . . . . . . . . . . . . .|  in the quarantine
//
//     live blocks  -> header <-> header <-> header      who asked for each: the list of leaks
//     quarantine   [ oldest | ... | newest ]            leaves by the end when another comes in, verified
//
// For:      development, tests, and looking for a fault that shows far from its cause.
// Not for:  little memory and hard time: every byte is written twice and the freed ones read once.
// Cost:     allocate and deallocate: that of the heap inside, and the size of the block. check and walk: all live
//           blocks and all of the quarantine. A step of the walk: one of the heap inside, and for each tile the places
//           of the quarantine. A step of the check: one of the heap inside, the links of all live blocks, and the bytes
//           that guard those among its tiles.
// Overhead: a block costs 64 bytes in front (or its alignment, where that is more), and 16 to 31 behind it. The object
//           is four words, and four for each place of the quarantine.
// Found:    at free and resize, and by check(): bytes overwritten behind a block (Fault::overflow), in front of it
//           (underflow), or where its links are (live_list_torn). When a block leaves the quarantine, and by check(): a
//           write after the free (written_after_free). At once: a double free, while the block is in the quarantine
//           (freed_twice); another layout than asked with (wrong_layout; the alignment of plain new stands for one that
//           is not known, as in free(p)); an address that was never lent (never_lent). Reads are not seen; what is
//           read is poison.
// No room:  before a request is refused the quarantine is emptied, and the heap inside is asked once more. Over a heap
//           that does not take single blocks back, such as Bump, use a quarantine of 0.
// Shrinking a block in place gives nothing back to the heap inside.
// Invariants, after those of the heap inside:
//   1. The list of live blocks is linked both ways and has as many blocks as were lent. (Fault::live_list_torn)
//   2. The header of each goes with its address, and its red zones are whole. (Fault::underflow, Fault::overflow)
//   3. Every byte of the quarantine is poison. (Fault::written_after_free)
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/core/fill.hpp"
#include "bareheap/parts/check_word.hpp"
#include "bareheap/parts/quarantine.hpp"
#include "bareheap/parts/ring.hpp"

#include <cstdint>
#include <new>
#include <utility>

namespace bareheap {

/// A block that is lent and who asked for it.
struct LentBlock {
  const std::byte* at;
  Layout asked;
  const void* caller;
};

using LentBlockSink = FunctionRef<void(const LentBlock& block)>;

/// `Places`: of the quarantine.
template <Allocator Heap, std::size_t Places = 32>
class Checked {
  struct Header {
    Header* next;
    Header* previous;
    const void* caller;
    std::size_t size;    // asked for
    std::size_t behind;  // from there to the end of the block inside
    std::size_t check;   // the alignment can be told from it
  };

 public:
  static constexpr std::size_t red_zone = 16;

  // What the program sees of memory that it has not written, must not write, and must not use any more.
  static constexpr unsigned char fresh_fill = 0xC5;
  static constexpr unsigned char red_fill = 0xFB;
  static constexpr unsigned char freed_fill = FreedBlock::poison;

  constexpr Checked() noexcept = default;

  /// The heap inside is made of the arguments.
  template <class... Arguments>
    requires(sizeof...(Arguments) != 0 && std::constructible_from<Heap, Arguments...>)
  constexpr explicit Checked(Arguments&&... arguments) noexcept : heap_(std::forward<Arguments>(arguments)...) {}

  Admission init(Region region) noexcept
    requires requires(Heap& inner) { inner.init(region); }
  {
    return heap_.init(region);
  }

  Admission add(Region region) noexcept
    requires Growable<Heap>
  {
    return heap_.add(region);
  }

  /// Grants what is asked, to the byte. Not inlined, so that the caller is the place that asked.
  [[gnu::noinline]] Block allocate(Layout asked) noexcept { return allocate(asked, caller_here()); }

  /// The same for one who asks on behalf of `caller`.
  Block allocate(Layout asked, const void* caller) noexcept {
    const Layout around = layout_around(asked);
    Block block = heap_.allocate(around);
    if (!block && !freed_.empty()) {
      release_all();
      block = heap_.allocate(around);
    }
    if (!block) return {};
    return lend(block, asked, caller);
  }

  void deallocate(std::byte* at, Layout asked) noexcept {
    if (at == nullptr) return;
    Header& header = live_header(at, asked, caller_here());
    const FreedBlock freed{at, at - front_of(alignment_of(header)), inner_layout(header)};
    unlink(header);
    fill(freed.start, freed.around.size(), freed_fill);
    detain(freed);
  }

  bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    Header& header = live_header(at, asked, caller_here());
    const std::size_t wanted = with_red_zone(size).value();
    if (wanted > header.size + header.behind && !extend(header, wanted)) return false;
    const std::size_t whole = header.size + header.behind;
    const std::size_t alignment = alignment_of(header);
    if (size > header.size) fill(at + header.size, size - header.size, fresh_fill);
    header.size = size;
    header.behind = whole - size;
    seal(header, alignment);
    return true;
  }

  /// Empties the quarantine, after it has verified it.
  void trim() noexcept {
    release_all();
    if constexpr (Stocked<Heap>) heap_.trim();
  }

  bool owns(const void* at) const noexcept { return heap_.owns(static_cast<const std::byte*>(at)); }

  /// Stops where `at` is no live block, or one whose surroundings were overwritten.
  std::size_t size_of(const std::byte* at) const noexcept { return live_header(at, caller_here()).size; }

  /// The layout that a live block was asked with, or resized to. Stops as size_of does.
  Layout layout_of(const std::byte* at) const noexcept {
    const Header& header = live_header(at, caller_here());
    return Layout(header.size, alignment_of(header));
  }

  /// What is in the quarantine is shown as cached; headers and red zones are part of the used tiles.
  void walk(ExtentSink sink) const noexcept {
    heap_.walk([&](const Extent& tile) {
      TileStep step(nullptr, size_limit, sink);  // for this tile: the heap's regions need not be in order
      show(tile, step);
    });
  }

  const std::byte* walk_step(const std::byte* from, std::size_t count, ExtentSink sink) const noexcept
    requires Stepwise<Heap>
  {
    TileStep step(from, count, sink);
    const std::byte* const next = heap_.walk_step(from, count, [&](const Extent& tile) { show(tile, step); });
    return step.next() != nullptr ? step.next() : next;
  }

  [[nodiscard]] Fault check() const noexcept {
    const Fault fault = heap_.check();
    return fault != Fault::none ? fault : judge_blocks(nullptr, nullptr);
  }

  [[nodiscard]] CheckStep check_step(const std::byte* from, std::size_t count) const noexcept
    requires Stepwise<Heap>
  {
    const CheckStep step = heap_.check_step(from, count);
    const Fault fault = step.fault != Fault::none ? step.fault : judge_blocks(from, step.next);
    return {fault, fault != Fault::none ? nullptr : step.next};
  }

  /// Every block that is lent, the newest first. At the end of a program these are its leaks. The sink must not use the
  /// heap.
  void for_each_leak(LentBlockSink sink) const noexcept {
    for (const Header* header = newest_; header != nullptr; header = header->next) {
      sink({lent_by(header), Layout(header->size, alignment_of(*header)), header->caller});
    }
  }

  /// The heap inside, to look at: what only it has to tell.
  const Heap& inner() const noexcept { return heap_; }

 private:
  // What plain free(p) and unsized delete say, which do not know better (core/allocator.hpp, SelfSizing).
  static constexpr std::size_t unknown_alignment = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

  // In front of what is lent: the header and a red zone, which has what the header leaves.
  static constexpr std::size_t front_least = 64;
  static constexpr std::size_t front_zone = front_least - sizeof(Header);
  static_assert(front_zone >= red_zone && alignof(Header) <= red_zone);

  static constexpr std::size_t front_of(std::size_t alignment) noexcept {
    return alignment < front_least ? front_least : alignment;
  }

  static constexpr std::size_t inner_alignment(std::size_t alignment) noexcept {
    return alignment < alignof(Header) ? alignof(Header) : alignment;
  }

  // Rounded, so that an engine with granules up to the red zone grants what is asked of it.
  static constexpr CheckedSize with_red_zone(std::size_t size) noexcept {
    return (CheckedSize(size) + red_zone).aligned_up(red_zone);
  }

  // A size that leaves the range of std::size_t becomes the greatest there is, which every heap refuses.
  static constexpr Layout layout_around(Layout asked) noexcept {
    const CheckedSize size = CheckedSize(front_of(asked.alignment())) + with_red_zone(asked.size());
    return Layout(size.value(), inner_alignment(asked.alignment()));
  }

  // The block inside as it is known: all of it is in the header.
  static Layout inner_layout(const Header& header) noexcept {
    const std::size_t alignment = alignment_of(header);
    return Layout(front_of(alignment) + header.size + header.behind, inner_alignment(alignment));
  }

  static Header& header_of(std::byte* at) noexcept { return *reinterpret_cast<Header*>(at - front_least); }
  static const Header& header_of(const std::byte* at) noexcept { return header_of(const_cast<std::byte*>(at)); }

  // Asks nothing of the header: it may be anywhere.
  static std::byte* lent_by(const Header* header) noexcept {
    return reinterpret_cast<std::byte*>(const_cast<Header*>(header)) + front_least;
  }

  static std::size_t word_of(const Header& header) noexcept {
    return check_word(lent_by(&header), check_word(header.caller, header.size) + header.behind);
  }

  static std::size_t alignment_of(const Header& header) noexcept { return header.check ^ word_of(header); }

  static bool goes_with(const Header& header) noexcept {
    const std::size_t alignment = alignment_of(header);
    return is_power_of_two(alignment) && is_aligned(address_of(lent_by(&header)), alignment);
  }

  Block lend(Block block, Layout asked, const void* caller) noexcept {
    const std::size_t front = front_of(asked.alignment());
    std::byte* const at = block.at + front;
    Header& header = header_of(at);
    new (&header) Header{newest_, nullptr, caller, asked.size(), block.size - front - asked.size(), 0};
    fill(at, asked.size(), fresh_fill);
    seal(header, asked.alignment());
    if (newest_ != nullptr) newest_->previous = &header;
    newest_ = &header;
    ++live_;
    return {at, asked.size()};
  }

  // Writes what guards the block: the check word and both red zones.
  static void seal(Header& header, std::size_t alignment) noexcept {
    std::byte* const at = lent_by(&header);
    header.check = word_of(header) ^ alignment;
    fill(at - front_zone, front_zone, red_fill);
    fill(at + header.size, header.behind, red_fill);
  }

  // Makes the block inside large enough for `wanted` bytes from what is lent on.
  bool extend(Header& header, std::size_t wanted) noexcept {
    const std::size_t alignment = alignment_of(header);
    const std::size_t front = front_of(alignment);
    std::byte* const start = lent_by(&header) - front;
    if (!heap_.resize(start, inner_layout(header), (CheckedSize(front) + wanted).value())) return false;
    std::size_t whole = wanted;
    if constexpr (SelfSizing<Heap>) whole = heap_.size_of(start) - front;
    header.behind = whole - header.size;
    header.check = word_of(header) ^ alignment;
    return true;
  }

  void unlink(Header& header) noexcept {
    (header.previous != nullptr ? header.previous->next : newest_) = header.next;
    if (header.next != nullptr) header.next->previous = header.previous;
    --live_;
  }

  // True where a header can be read in front of `at`.
  bool is_readable(const std::byte* at) const noexcept {
    return is_aligned(address_of(at), alignof(Header)) && heap_.owns(at) && heap_.owns(at - front_least);
  }

  bool is_linked(const Header& header) const noexcept {
    const Header* const next = header.next;
    const Header* const previous = header.previous;
    const bool next_holds = next == nullptr || (is_readable(lent_by(next)) && next->previous == &header);
    if (previous == nullptr) return next_holds && newest_ == &header;
    return next_holds && is_readable(lent_by(previous)) && previous->next == &header;
  }

  static Fault judge_zones(const Header& header) noexcept {
    const std::byte* const at = lent_by(&header);
    if (!is_filled(at - front_zone, front_zone, red_fill)) return Fault::underflow;
    return is_filled(at + header.size, header.behind, red_fill) ? Fault::none : Fault::overflow;
  }

  // Every link of the live list; the red zones of the blocks from `from` up to `end`, or to the last where that is
  // null; and what of the quarantine lies there.
  Fault judge_blocks(const std::byte* from, const std::byte* end) const noexcept {
    std::size_t left = live_;
    const Header* previous = nullptr;
    for (const Header* header = newest_; header != nullptr; header = header->next) {
      if (left-- == 0 || !is_readable(lent_by(header))) return Fault::live_list_torn;
      if (!goes_with(*header)) return Fault::underflow;
      if (header->previous != previous) return Fault::live_list_torn;
      if (lies_between(from, lent_by(header), end)) {
        if (const Fault fault = judge_zones(*header); fault != Fault::none) return fault;
      }
      previous = header;
    }
    if (left != 0) return Fault::live_list_torn;
    const bool holds = freed_.holds([&](const std::byte* at) { return lies_between(from, at, end); });
    return holds ? Fault::none : Fault::written_after_free;
  }

  static bool lies_between(const std::byte* from, const std::byte* at, const std::byte* end) noexcept {
    return address_of(at) >= address_of(from) && (end == nullptr || address_of(at) < address_of(end));
  }

  // Why `at` has no good header: it is in the quarantine, or it is live and its header was overwritten, or neither.
  [[gnu::cold]] Fault why_no_header(const std::byte* at) const noexcept {
    if (freed_.has(at)) return Fault::freed_twice;
    std::size_t left = live_;
    for (const Header* header = newest_; header != nullptr && left-- != 0; header = header->next) {
      if (lent_by(header) == at) return Fault::underflow;
      if (!is_readable(lent_by(header))) break;
    }
    return Fault::never_lent;
  }

  const Header& live_header(const std::byte* at, const void* caller) const noexcept {
    Fault fault = Fault::never_lent;
    if (is_readable(at)) {
      const Header& header = header_of(at);
      fault = goes_with(header) ? judge_zones(header) : why_no_header(at);
      if (fault == Fault::none && !is_linked(header)) fault = Fault::live_list_torn;
      if (fault == Fault::none) [[likely]] return header;
    }
    panic({.fault = fault, .address = at, .caller = caller});
  }

  // The same, where the caller says what was lent.
  Header& live_header(std::byte* at, Layout said, const void* caller) const noexcept {
    const Header& header = live_header(at, caller);
    const bool alignment_fits = said.alignment() == alignment_of(header) || said.alignment() == unknown_alignment;
    if (said.size() != header.size || !alignment_fits) [[unlikely]] {
      panic({.fault = Fault::wrong_layout, .address = at, .caller = caller});
    }
    return header_of(at);
  }

  void detain(const FreedBlock& block) noexcept {
    if constexpr (Places == 0) {
      heap_.deallocate(block.start, block.around);
    } else {
      if (freed_.full()) release_oldest();
      freed_.push(block);
    }
  }

  void release_oldest() noexcept {
    const FreedBlock block = freed_.pop();
    if (!block.is_poison()) [[unlikely]] {
      panic({.fault = Fault::written_after_free, .address = block.at, .caller = caller_here()});
    }
    heap_.deallocate(block.start, block.around);
  }

  void release_all() noexcept {
    while (!freed_.empty()) release_oldest();
  }

  // Shows a tile of the heap inside: what the quarantine has of a used one for itself.
  void show(const Extent& tile, TileStep& step) const noexcept {
    if (tile.kind != ExtentKind::used) return static_cast<void>(step.show(tile.at, tile.size, tile.kind));
    for (const std::byte* at = tile.at; at != tile.end();) {
      const Extent cached = freed_.next_in(at, tile.end());
      if (!step.show(at, static_cast<std::size_t>(cached.at - at), ExtentKind::used)) return;
      if (!step.show(cached.at, cached.size, ExtentKind::cached)) return;
      at = cached.end();
    }
  }

  Heap heap_;
  Header* newest_ = nullptr;
  std::size_t live_ = 0;
  Quarantine<Ring<FreedBlock, Places>> freed_;
};

}  // namespace bareheap
