// SPDX-License-Identifier: MIT
//
// MallocFamily: what C calls malloc and its relatives, over any heap that knows the size of a block from its address.
// Here are all the rules of C23, POSIX and glibc about requests that cannot be met, and nothing else; who defines the
// names is another header (bindings/malloc.hpp).
//
//     malloc(n) . . . . . .  heap.allocate        null and out_of_memory() where it refuses
//     free(p)  . . . . . . . heap.size_of, heap.deallocate, or heap.release
//     realloc(p, n) . . . .  heap.resize, else allocate, copy and deallocate, or heap.reallocate
//
// * Every block has the alignment of malloc, that of std::max_align_t; but where the heap's granule is smaller, one of
//   fewer bytes may have half of it, which is enough for all that can lie in it.
// * A request for 0 bytes gets a block of its own. realloc(p, 0) frees p and answers null without an error, as glibc
//   does; so a null of realloc is a failure only where the size was not 0.
// * What no memory can hold is out_of_memory(): more than PTRDIFF_MAX bytes, products and sums that overflow.
// * An alignment that is no power of two is invalid(); posix_memalign wants a multiple of a pointer's size besides. It
//   answers its error, and leaves errno and the result as they were.
// * Where realloc or reallocarray fails, the block is what it was. A size for which the heap would grant the same block
//   changes nothing.
// * free and its relatives call nothing of System. A null pointer does nothing.
// * A pointer that is not lent, or freed with another size, is the heap's to find: it stops with a Fault. free_sized is
//   for what malloc, calloc and realloc lent and brings the size of the last request, free_aligned_sized for the rest.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/core/bits.hpp"
#include "bareheap/core/operations.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace bareheap {

/// What a C library adds to a heap: its errno, and the size of a page, which is what valloc aligns to.
template <class S>
concept MallocSystem = requires {
  { S::out_of_memory() } noexcept -> std::same_as<void>;  // errno = ENOMEM
  { S::invalid() } noexcept -> std::same_as<void>;        // errno = EINVAL
  { S::error_no_memory } -> std::convertible_to<int>;     // ENOMEM
  { S::error_invalid } -> std::convertible_to<int>;       // EINVAL
  { S::page_size() } noexcept -> std::same_as<std::size_t>;
};

/// Frees a live block whose size the caller does not know, with one look-up. Never asked with null.
template <class Heap>
concept Releasing = requires(Heap& heap, std::byte* at) {
  { heap.release(at) } noexcept -> std::same_as<void>;
};

/// As bareheap::allocate_zeroed(), but knows what is zero already, and only the bytes asked for need be.
template <class Heap>
concept Zeroing = requires(Heap& heap, Layout asked) {
  { heap.allocate_zeroed(asked) } noexcept -> std::same_as<Block>;
};

/// Has its own way to change the size of a block, moving it where that is best. As bareheap::reallocate(); `asked` has
/// the granted size and the alignment of malloc, and is never null.
template <class Heap>
concept Reallocating = requires(Heap& heap, std::byte* at, Layout asked, std::size_t size) {
  { heap.reallocate(at, asked, size) } noexcept -> std::same_as<Block>;
};

/// Refers to the heap, which must outlive it. As safe against threads and interrupts as the heap is.
template <SelfSizing Heap, MallocSystem System>
class MallocFamily {
 public:
  explicit constexpr MallocFamily(Heap& heap) noexcept : heap_(&heap) {}

  [[gnu::always_inline]] void* malloc(std::size_t size) const noexcept {
    return or_null(is_refused(size) ? Block{} : heap_->allocate(layout_of(size)));
  }

  [[gnu::always_inline]] void free(void* at) const noexcept {
    if (at != nullptr) [[likely]] release(bytes(at));
  }

  void* calloc(std::size_t count, std::size_t size) const noexcept {
    const std::size_t product = (CheckedSize(count) * size).value();
    if (is_refused(product)) return refused();
    if constexpr (Zeroing<Heap>) {
      return or_null(heap_->allocate_zeroed(layout_of(product)));
    } else {
      return or_null(allocate_zeroed(*heap_, layout_of(product)));
    }
  }

  void* realloc(void* at, std::size_t size) const noexcept {
    if (at == nullptr) return malloc(size);
    if (size == 0) return release(bytes(at)), nullptr;
    return or_null(is_refused(size) ? Block{} : reallocated(bytes(at), size));
  }

  void* reallocarray(void* at, std::size_t count, std::size_t size) const noexcept {
    return realloc(at, (CheckedSize(count) * size).value());
  }

  /// As C23 has it: the size need not be a multiple of the alignment.
  void* aligned_alloc(std::size_t alignment, std::size_t size) const noexcept { return memalign(alignment, size); }

  void* memalign(std::size_t alignment, std::size_t size) const noexcept {
    if (!is_power_of_two(alignment)) return System::invalid(), nullptr;
    return or_null(aligned(alignment, size));
  }

  int posix_memalign(void** result, std::size_t alignment, std::size_t size) const noexcept {
    if (!is_power_of_two(alignment) || alignment < sizeof(void*)) return System::error_invalid;
    const Block block = aligned(alignment, size);
    if (!block) return System::error_no_memory;
    *result = block.at;
    return 0;
  }

  void* valloc(std::size_t size) const noexcept { return or_null(aligned(System::page_size(), size)); }

  /// The size becomes a multiple of a page's.
  void* pvalloc(std::size_t size) const noexcept {
    return valloc(CheckedSize(size).aligned_up(System::page_size()).value());
  }

  /// The granted size, all of which may be used; 0 for null.
  std::size_t usable_size(const void* at) const noexcept {
    return at == nullptr ? 0 : heap_->size_of(static_cast<const std::byte*>(at));
  }

  void free_sized(void* at, std::size_t size) const noexcept { heap_->deallocate(bytes(at), Layout(size, usual)); }

  /// Stops where the alignment is no power of two.
  void free_aligned_sized(void* at, std::size_t alignment, std::size_t size) const noexcept {
    heap_->deallocate(bytes(at), Layout(size, at_least_usual(alignment)));
  }

 private:
  // malloc's alignment; heaps take it for one that the caller does not know (core/allocator.hpp, SelfSizing).
  static constexpr std::size_t usual = __STDCPP_DEFAULT_NEW_ALIGNMENT__;
  static_assert(usual == alignof(std::max_align_t));

  // What granted sizes and addresses are multiples of. A heap that does not tell is asked for every change of a size.
  static constexpr std::size_t granule = [] {
    if constexpr (requires { Heap::granule; }) {
      return Heap::granule;
    } else {
      return std::size_t{1};
    }
  }();

  static std::byte* bytes(void* at) noexcept { return static_cast<std::byte*>(at); }

  // Where addresses have 64 bits, no heap has so much, and refuses by itself.
  static constexpr bool is_refused(std::size_t size) noexcept { return sizeof(size) < 8 && size > PTRDIFF_MAX; }

  static constexpr Layout layout_of(std::size_t size) noexcept {
    if constexpr (granule < usual) {
      return Layout(size, size < usual ? usual / 2 : usual);
    } else {
      return Layout(size, usual);
    }
  }

  static constexpr std::size_t at_least_usual(std::size_t alignment) noexcept {
    return is_power_of_two(alignment) && alignment < usual ? usual : alignment;
  }

  [[gnu::always_inline]] static void* or_null(Block block) noexcept {
    if (block) [[likely]] return block.at;
    return refused();
  }

  [[gnu::cold, gnu::noinline]] static void* refused() noexcept {
    System::out_of_memory();
    return nullptr;
  }

  Block aligned(std::size_t alignment, std::size_t size) const noexcept {
    return is_refused(size) ? Block{} : heap_->allocate(Layout(size, at_least_usual(alignment)));
  }

  [[gnu::always_inline]] void release(std::byte* at) const noexcept {
    if constexpr (Releasing<Heap>) {
      heap_->release(at);
    } else {
      heap_->deallocate(at, Layout(heap_->size_of(at), usual));
    }
  }

  [[gnu::always_inline]] Block reallocated(std::byte* at, std::size_t size) const noexcept {
    const Layout lent(heap_->size_of(at), usual);
    if (would_be_granted(lent.size(), size)) return {at, lent.size()};
    if constexpr (Reallocating<Heap>) {
      return heap_->reallocate(at, lent, size);
    } else {
      return reallocate(*heap_, at, lent, size);
    }
  }

  static constexpr bool would_be_granted(std::size_t granted, std::size_t size) noexcept {
    return size <= granted && granted - size < granule;
  }

  Heap* heap_;
};

}  // namespace bareheap
