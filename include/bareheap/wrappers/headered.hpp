// SPDX-License-Identifier: MIT
//
// Headered: each block remembers the layout it was asked with, so it can be freed by its address alone.
//
//     block of the heap inside
//     | . . padding . . |size|check| lent to the program . . . |
//                                  `-> at, aligned as asked; the two words stand right before it
//
// For:      free(p) and unsized delete on engines that do not know a block's size; catching wrong frees on them.
// Not for:  small blocks in little memory; engines that are SelfSizing already.
// Cost:     two words written at allocate, read and verified at every other call on the block, and the inner heap's
//           owns().
// Overhead: the object is the inner heap's; a block costs two words, or its alignment where that is more.
// Bad frees: another size or alignment than asked with is Fault::wrong_layout; an address whose two words do not go
//           together is Fault::never_lent, or Fault::freed_twice where the words of the freed block are still there.
//           The alignment of plain new stands for one that the caller does not know, as in free(p).
// Invariants:
//   1. The word before a live block is check_word(at, size) exclusive-or its alignment. It is verified for a block when
//      a call is about it; check() cannot find the blocks, and asks the heap inside.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/parts/check_word.hpp"

#include <new>
#include <utility>

namespace bareheap {

template <Allocator Heap>
class Headered {
  struct Header {
    std::size_t size;   // asked for
    std::size_t check;  // the alignment can be told from it
  };

 public:
  constexpr Headered() noexcept = default;

  /// The heap inside is made of the arguments.
  template <class... Arguments>
    requires(sizeof...(Arguments) != 0 && std::constructible_from<Heap, Arguments...>)
  constexpr explicit Headered(Arguments&&... arguments) noexcept : heap_(std::forward<Arguments>(arguments)...) {}

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

  /// Grants what is asked, and a byte where nothing is.
  Block allocate(Layout asked) noexcept {
    const Block around = heap_.allocate(layout_around(asked));
    if (!around) return {};
    std::byte* const at = around.at + front_of(asked.alignment());
    write_header(at, asked);
    return {at, granted(asked.size())};
  }

  void deallocate(std::byte* at, Layout asked) noexcept {
    if (at == nullptr) return;
    const Layout lent = lent_as(at, asked, caller_here());
    header_of(at)->check ^= freed_mark;
    heap_.deallocate(at - front_of(lent.alignment()), layout_around(lent));
  }

  bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    const Layout lent = lent_as(at, asked, caller_here());
    const std::size_t size_around = layout_around(lent.with_size(size)).size();
    if (!heap_.resize(at - front_of(lent.alignment()), layout_around(lent), size_around)) return false;
    write_header(at, lent.with_size(size));
    return true;
  }

  void trim() noexcept
    requires Stocked<Heap>
  {
    heap_.trim();
  }

  bool owns(const void* at) const noexcept { return heap_.owns(static_cast<const std::byte*>(at)); }

  /// Stops with Fault::never_lent or Fault::freed_twice where `at` is no live block.
  std::size_t size_of(const std::byte* at) const noexcept { return granted(layout_or_stop(at, caller_here()).size()); }

  /// The layout that a live block was asked with, or resized to. Stops as size_of does.
  Layout layout_of(const std::byte* at) const noexcept { return layout_or_stop(at, caller_here()); }

  /// Headers are shown as part of the used tiles.
  void walk(ExtentSink sink) const noexcept { heap_.walk(sink); }

  [[nodiscard]] Fault check() const noexcept { return heap_.check(); }

  const std::byte* walk_step(const std::byte* from, std::size_t count, ExtentSink sink) const noexcept
    requires Stepwise<Heap>
  {
    return heap_.walk_step(from, count, sink);
  }

  [[nodiscard]] CheckStep check_step(const std::byte* from, std::size_t count) const noexcept
    requires Stepwise<Heap>
  {
    return heap_.check_step(from, count);
  }

  /// The heap inside, to look at: what only it has to tell.
  const Heap& inner() const noexcept { return heap_; }

 private:
  // What plain free(p) and unsized delete say, which do not know better (core/allocator.hpp, SelfSizing).
  static constexpr std::size_t unknown_alignment = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

  // Has three bits, so that no alignment looks like another one that was freed.
  static constexpr std::size_t freed_mark = 7;

  static constexpr std::size_t granted(std::size_t size) noexcept { return size == 0 ? 1 : size; }

  static constexpr std::size_t front_of(std::size_t alignment) noexcept {
    return alignment < sizeof(Header) ? sizeof(Header) : alignment;
  }

  // A size that leaves the range of std::size_t becomes the greatest there is, which every heap refuses.
  static constexpr Layout layout_around(Layout asked) noexcept {
    const CheckedSize size = CheckedSize(front_of(asked.alignment())) + granted(asked.size());
    return Layout(size.value(), asked.alignment() < alignof(Header) ? alignof(Header) : asked.alignment());
  }

  static Header* header_of(std::byte* at) noexcept { return reinterpret_cast<Header*>(at - sizeof(Header)); }
  static const Header* header_of(const std::byte* at) noexcept {
    return reinterpret_cast<const Header*>(at - sizeof(Header));
  }

  static void write_header(std::byte* at, Layout asked) noexcept {
    new (at - sizeof(Header)) Header{asked.size(), check_word(at, asked.size()) ^ asked.alignment()};
  }

  // True where a header can be read before `at`.
  bool is_readable(const std::byte* at) const noexcept {
    return is_aligned(address_of(at), alignof(Header)) && heap_.owns(at) && heap_.owns(at - sizeof(Header));
  }

  Layout layout_or_stop(const std::byte* at, const void* caller) const noexcept {
    Fault fault = Fault::never_lent;
    if (is_readable(at)) {
      const Header& header = *header_of(at);
      const std::size_t alignment = header.check ^ check_word(at, header.size);
      if (is_power_of_two(alignment) && is_aligned(address_of(at), alignment)) [[likely]] {
        return Layout(header.size, alignment);
      }
      const std::size_t freed = alignment ^ freed_mark;
      if (is_power_of_two(freed) && is_aligned(address_of(at), freed)) fault = Fault::freed_twice;
    }
    panic({.fault = fault, .address = at, .caller = caller});
  }

  // The layout that `at` was lent with, after it was compared to the one that the caller says.
  Layout lent_as(const std::byte* at, Layout said, const void* caller) const noexcept {
    const Layout lent = layout_or_stop(at, caller);
    const bool size_fits = said.size() >= lent.size() && said.size() <= granted(lent.size());
    const bool alignment_fits = said.alignment() == lent.alignment() || said.alignment() == unknown_alignment;
    if (!size_fits || !alignment_fits) [[unlikely]] {
      panic({.fault = Fault::wrong_layout, .address = at, .caller = caller});
    }
    return lent;
  }

  Heap heap_;
};

}  // namespace bareheap
