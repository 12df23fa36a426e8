// SPDX-License-Identifier: MIT
// Memory that is given to a heap for good, and the answer to the gift.
#pragma once

#include "bareheap/core/bits.hpp"
#include "bareheap/core/fault.hpp"

#include <cstddef>
#include <cstdint>

namespace bareheap {

/// A stretch of memory: its first byte and its size in bytes. Any start and size can be written down; whether a heap
/// can use it is asked by admit().
struct Region {
  std::byte* start = nullptr;
  std::size_t size = 0;

  /// The bytes from `first` up to, not including, `end`. Where `end` lies before `first`, the result wraps() and every
  /// heap refuses it: it does not become an endless region.
  static Region between(void* first, void* end) noexcept {
    const bool reversed = address_of(end) < address_of(first);
    return {static_cast<std::byte*>(first), reversed ? size_limit : address_of(end) - address_of(first)};
  }

  /// One past the last byte; meaningless where the region wraps().
  std::byte* end() const noexcept { return start + size; }

  /// True where the region would reach beyond the last address.
  bool wraps() const noexcept { return size != 0 && size - 1 > size_limit - address_of(start); }

  /// True where `at` is the address of a byte of this region.
  bool contains(const void* at) const noexcept { return address_of(at) - address_of(start) < size; }

  /// True where the two share a byte. Both must not wrap.
  bool overlaps(const Region& other) const noexcept {
    return size != 0 && other.size != 0 && (contains(other.start) || other.contains(start));
  }

  /// The largest part of this region, which must not wrap, that starts and ends at a multiple of `granule` (a power of
  /// two). It never holds the byte at address 0, since a block there would be no block, nor the last byte there is,
  /// since its end would be 0. Empty (size 0) where no granule fits.
  Region trimmed(std::size_t granule) const noexcept {
    if (size == 0) return {start, 0};
    const std::size_t first = start == nullptr ? 1 : address_of(start);
    const std::size_t last = address_of(start) + (size - 1);
    const std::size_t end = align_down(last == size_limit ? last : last + 1, granule);
    const CheckedSize begin = CheckedSize(first).aligned_up(granule);
    if (!begin.fits() || begin.value() >= end) return {start, 0};
    return {reinterpret_cast<std::byte*>(begin.value()), end - begin.value()};
  }
};

/// What is known of the bytes of a region when it is given.
enum class Content : std::uint8_t {
  unknown,
  zero,  ///< all of them are, so what has to be zero need not be written
};

/// What became of a region that was offered to a heap: taken, or refused with a fault and the heap unchanged. Refusing
/// is no stop: whether to go on without the region is for the program to say.
struct [[nodiscard]] Admission {
  Fault fault = Fault::none;
  Region taken{};        ///< what the heap uses, its ends aligned inward; empty where it was refused
  std::size_t lost = 0;  ///< bytes offered and not taken

  explicit constexpr operator bool() const noexcept { return fault == Fault::none; }
};

/// Trims an offered region to whole granules and refuses what is left where it is below `minimum` bytes.
inline Admission admit(const Region& offered, std::size_t granule, std::size_t minimum) noexcept {
  if (offered.wraps()) return {.fault = Fault::region_wraps, .lost = offered.size};
  const Region taken = offered.trimmed(granule);
  if (taken.size == 0 || taken.size < minimum) return {.fault = Fault::region_too_small, .lost = offered.size};
  return {.taken = taken, .lost = offered.size - taken.size};
}

}  // namespace bareheap
