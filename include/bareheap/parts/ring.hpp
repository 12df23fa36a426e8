// SPDX-License-Identifier: MIT
// A queue with a fixed number of places: first in, first out. Every call is constant. It may have no place at all.
#pragma once

#include <cstddef>

namespace bareheap {

template <class T, std::size_t Capacity>
class Ring {
 public:
  constexpr Ring() noexcept = default;

  std::size_t size() const noexcept { return size_; }
  bool full() const noexcept { return size_ == Capacity; }

  /// The entry that `index` others are older than; there must be one.
  const T& operator[](std::size_t index) const noexcept { return places_[(oldest_ + index) % places]; }

  /// There must be a place.
  void push(const T& entry) noexcept { places_[(oldest_ + size_++) % places] = entry; }

  /// The oldest entry, which leaves; there must be one.
  T pop() noexcept {
    const T entry = places_[oldest_];
    oldest_ = (oldest_ + 1) % places;
    --size_;
    return entry;
  }

 private:
  static constexpr std::size_t places = Capacity == 0 ? 1 : Capacity;

  std::size_t oldest_ = 0;
  std::size_t size_ = 0;
  T places_[places];
};

}  // namespace bareheap
