// SPDX-License-Identifier: MIT
// A GranuleHeap over addresses that are reserved, which makes memory of more and more of them when it finds no room.
// Each piece is a region of its own with its own map, half as large as all before it: so there are few.
#pragma once

#include "bareheap/engines/granule_heap.hpp"

#include "drop_in/linux_system.hpp"

#include <cstddef>

namespace bareheap::drop_in {

class ReservedGranules : public GranuleHeap {
 public:
  constexpr ReservedGranules() noexcept = default;

  /// Takes reserved addresses, whole pages of them.
  Admission init(Region reserved) noexcept {
    const std::size_t first = reserved.size < least ? reserved.size : least;
    if (!LinuxSystem::commit(reserved.start, first)) return {.fault = Fault::region_too_small, .lost = reserved.size};
    const Region region{reserved.start, first};
    const Admission admission = GranuleHeap::init(region, region, reserved.size);
    if (admission) {
      reserved_ = reserved;
      added_ = first;
    }
    return admission;
  }

  Block allocate(Layout asked) noexcept {
    const Block block = GranuleHeap::allocate(asked);
    return block || !grow(asked) ? block : GranuleHeap::allocate(asked);
  }

  std::size_t added() const noexcept { return added_; }

 private:
  static constexpr std::size_t least = std::size_t{4} << 20;

  // False: what is left is too small, or the system refuses.
  bool grow(Layout asked) noexcept {
    const CheckedSize block = CheckedSize(asked.size()) + asked.alignment();
    const CheckedSize needed = (block + asked.size() / 32 + 65536).aligned_up(LinuxSystem::page);  // a map is 1/64
    const std::size_t left = reserved_.size - added_;
    if (!needed.fits() || needed.value() > left) return false;
    std::size_t size = align_down(added_ / 2, LinuxSystem::page);
    if (size < needed.value()) size = needed.value();
    if (size > left) size = left;
    return add_piece(size) || add_piece(needed.value());
  }

  bool add_piece(std::size_t size) noexcept {
    std::byte* const start = reserved_.start + added_;
    if (!LinuxSystem::commit(start, size) || !GranuleHeap::add({start, size})) return false;
    added_ += size;
    return true;
  }

  Region reserved_{};
  std::size_t added_ = 0;
};

}  // namespace bareheap::drop_in
