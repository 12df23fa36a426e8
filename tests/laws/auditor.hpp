// SPDX-License-Identifier: MIT
// Uses a heap and judges it by the laws, call by call, against a model of what is lent. It allocates nothing, so it
// runs on a board as on the host; it can be copied, so the closure of a heap's states can put it back.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "laws/law.hpp"

#include <cstdint>
#include <cstring>

namespace bareheap::laws {

inline constexpr unsigned char memory_at_power_on = 0xA5;

/// One step of the FNV-1a hash, a word at a time.
constexpr std::uint64_t mixed(std::uint64_t digest, std::uint64_t value) noexcept {
  return (digest ^ value) * 1099511628211u;
}

/// One number for a picture, so that two can be compared without storing either.
struct Picture {
  std::uint64_t digest = 0;
  std::size_t free_bytes = 0;
  std::size_t used_bytes = 0;

  void add(const Extent& extent) noexcept {
    digest = mixed(digest, address_of(extent.at));
    digest = mixed(digest, extent.size * 4 + static_cast<std::size_t>(extent.kind));
    if (extent.kind == ExtentKind::free || extent.kind == ExtentKind::cached) free_bytes += extent.size;
    if (extent.kind == ExtentKind::used) used_bytes += extent.size;
  }

  friend bool operator==(const Picture&, const Picture&) noexcept = default;
};

template <Allocator Heap>
Picture picture_of(const Heap& heap) noexcept {
  Picture picture;
  heap.walk([&picture](const Extent& extent) { picture.add(extent); });
  return picture;
}

struct LiveBlock {
  std::byte* at = nullptr;
  Layout layout{0, 1};
  std::size_t granted = 0;
  unsigned char fill = 0;
};

/// How an auditor fills the blocks it gets.
enum class Filling : std::uint8_t {
  by_number,  ///< each block with a byte of its own, so that a stray write shows
  uniform,    ///< all with the same byte, so that equal heaps have equal memory
};

template <Allocator Heap, std::size_t Capacity>
class Auditor {
 public:
  /// `taken` is what the heap took of its region; `merges` tells whether law 6 is asked of it.
  Auditor(Heap& heap, Region taken, bool merges, Filling filling = Filling::by_number) noexcept
      : heap_(&heap), taken_(taken), fresh_(picture_of(heap)), merges_(merges), filling_(filling) {}

  std::size_t live() const noexcept { return live_; }
  const LiveBlock& block(std::size_t index) const noexcept { return blocks_[index]; }
  bool full() const noexcept { return live_ == Capacity; }
  bool refused() const noexcept { return refused_; }

  /// A number made of every address that was granted so far.
  std::uint64_t trail() const noexcept { return trail_; }

  [[nodiscard]] Law allocate(Layout asked) noexcept {
    const Picture before = picture_of(*heap_);
    const Block block = heap_->allocate(asked);
    trail_ = mixed(trail_, address_of(block.at));
    refused_ = !block;
    if (!block) return after_refusal(before);
    if (const Law broken = judge(block, asked); broken != Law::none) return broken;
    insert({block.at, asked, block.size, next_fill()});
    return audit();
  }

  /// Frees live block `index`, with a size between the one asked for and the one granted.
  [[nodiscard]] Law free(std::size_t index, std::size_t surplus = 0) noexcept {
    const LiveBlock block = blocks_[index];
    if (!keeps_fill(block)) return Law::apart;
    fill(block, memory_at_power_on);
    remove(index);
    const std::size_t slack = block.granted - block.layout.size();
    const std::size_t size = block.layout.size() + (surplus < slack ? surplus : slack);
    heap_->deallocate(block.at, block.layout.with_size(size));
    return audit();
  }

  [[nodiscard]] Law resize(std::size_t index, std::size_t size) noexcept {
    const LiveBlock block = blocks_[index];
    const Picture before = picture_of(*heap_);
    refused_ = !heap_->resize(block.at, block.layout, size);
    trail_ = mixed(trail_, refused_ ? 1 : 2);
    if (refused_) return after_refusal(before);
    if (!keeps_fill(block, size)) return Law::apart;
    remove(index);
    if (const Law broken = judge({block.at, size}, block.layout.with_size(size)); broken != Law::none) return broken;
    insert({block.at, block.layout.with_size(size), size, block.fill});
    return audit();
  }

  /// Frees all, then asks that the heap is as fresh. The order: 0 lowest address first, 1 highest, 2 from the middle.
  [[nodiscard]] Law free_all(unsigned order = 0) noexcept {
    while (live_ != 0) {
      const std::size_t index = order == 0 ? 0 : order == 1 ? live_ - 1 : live_ / 2;
      if (const Law broken = free(index); broken != Law::none) return broken;
    }
    if constexpr (Stocked<Heap>) heap_->trim();
    const Picture now = picture_of(*heap_);
    return (merges_ ? now == fresh_ : now.used_bytes == 0) ? Law::none : Law::whole_again;
  }

  /// What can be asked at any time. Of the live blocks one is read, each time another; each is read when it is freed.
  [[nodiscard]] Law audit() const noexcept {
    if (heap_->check() != Fault::none) return Law::sound;
    if (!tiles_hold()) return Law::tiled;
    if (live_ != 0 && !keeps_fill(blocks_[trail_ % live_])) return Law::apart;
    const std::uint64_t any = mixed(trail_, live_);
    const std::byte* from = taken_.start + static_cast<std::size_t>(any % (taken_.size + 1));
    return step(from, 1 + any / 65536 % 8);
  }

  /// One step of a walk and of a check, held against the whole walk. `from` becomes where the next one goes on.
  [[nodiscard]] Law step(const std::byte*& from, std::size_t count) const noexcept {
    if constexpr (Stepwise<Heap>) {
      const std::byte* const start = from;
      const auto [right, next] = part_of_walk(start, count);
      Picture shown;
      from = heap_->walk_step(start, count, [&shown](const Extent& tile) { shown.add(tile); });
      if (shown != right || from != next) return Law::in_steps;
      const CheckStep checked = heap_->check_step(start, count);
      const bool goes_on = checked.next == nullptr || address_of(checked.next) > address_of(start);
      if (checked.fault != Fault::none || !goes_on) return Law::in_steps;
    } else {
      from = nullptr;
    }
    return Law::none;
  }

 private:
  struct PartOfWalk {
    Picture shown;
    const std::byte* next = nullptr;
  };

  /// What a step has to show and to answer.
  PartOfWalk part_of_walk(const std::byte* from, std::size_t count) const noexcept {
    PartOfWalk part;
    const std::byte* end = from;
    heap_->walk([&](const Extent& tile) {
      if (address_of(tile.end()) <= address_of(from)) return;
      if (count == 0) part.next = end;
      if (count == 0) return;
      --count;
      end = tile.end();
      const std::byte* const at = address_of(tile.at) < address_of(from) ? from : tile.at;
      part.shown.add({at, address_of(end) - address_of(at), tile.kind});
    });
    return part;
  }

  Law judge(Block block, Layout asked) const noexcept {
    if (!is_aligned(address_of(block.at), asked.alignment())) return Law::aligned;
    if (block.size < asked.size()) return Law::enough;
    const bool inside = taken_.contains(block.at) && block.size <= address_of(taken_.end()) - address_of(block.at);
    if (!inside || !heap_->owns(block.at)) return Law::owned;
    const Region lent{block.at, block.size == 0 ? 1 : block.size};
    for (std::size_t index = 0; index < live_; ++index) {
      const std::size_t granted = blocks_[index].granted;
      if (lent.overlaps({blocks_[index].at, granted == 0 ? 1 : granted})) return Law::apart;
    }
    return Law::none;
  }

  Law after_refusal(const Picture& before) const noexcept {
    if (picture_of(*heap_).free_bytes != before.free_bytes) return Law::nothing_lost;
    return audit();
  }

  bool tiles_hold() const noexcept {
    const std::byte* next = taken_.start;
    bool holds = true;
    heap_->walk([&](const Extent& extent) {
      if (extent.at != next || extent.size == 0) holds = false;
      next = extent.end();
      for (std::size_t index = 0; index < live_ && extent.kind != ExtentKind::used; ++index) {
        const Region tile{const_cast<std::byte*>(extent.at), extent.size};
        if (tile.overlaps({blocks_[index].at, blocks_[index].granted})) holds = false;
      }
    });
    return holds && next == taken_.end();
  }

  // Of a large block only the ends are written and read back: that is where a neighbour or the heap would stray to.
  static constexpr std::size_t end_size = 2048;

  static bool holds(const std::byte* at, std::size_t size, unsigned char fill) noexcept {
    for (std::size_t offset = 0; offset < size; ++offset) {
      if (at[offset] != std::byte{fill}) return false;
    }
    return true;
  }

  /// True where what was written below `limit` is still there.
  static bool keeps_fill(const LiveBlock& block, std::size_t limit = size_limit) noexcept {
    const std::size_t size = limit < block.granted ? limit : block.granted;
    if (block.granted <= 2 * end_size) return holds(block.at, size, block.fill);
    const std::size_t second_end = block.granted - end_size;
    if (size > second_end && !holds(block.at + second_end, size - second_end, block.fill)) return false;
    return holds(block.at, size < end_size ? size : end_size, block.fill);
  }

  static void fill(const LiveBlock& block, unsigned char value) noexcept {
    const std::size_t end = block.granted <= 2 * end_size ? block.granted : end_size;
    std::memset(block.at, value, end);
    if (end != block.granted) std::memset(block.at + block.granted - end_size, value, end_size);
  }

  unsigned char next_fill() noexcept {
    return filling_ == Filling::uniform ? memory_at_power_on : static_cast<unsigned char>(++number_ * 37 | 1);
  }

  // Kept in address order, so that equal sets of blocks are equal whatever the way that led to them.
  void insert(const LiveBlock& block) noexcept {
    fill(block, block.fill);
    std::size_t index = live_++;
    for (; index != 0 && address_of(blocks_[index - 1].at) > address_of(block.at); --index) {
      blocks_[index] = blocks_[index - 1];
    }
    blocks_[index] = block;
  }

  void remove(std::size_t index) noexcept {
    for (--live_; index != live_; ++index) blocks_[index] = blocks_[index + 1];
  }

  Heap* heap_;
  Region taken_;
  Picture fresh_;
  bool merges_;
  Filling filling_;
  bool refused_ = false;
  unsigned number_ = 0;
  std::uint64_t trail_ = 14695981039346656037u;
  std::size_t live_ = 0;
  LiveBlock blocks_[Capacity];
};

}  // namespace bareheap::laws
