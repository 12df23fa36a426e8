// SPDX-License-Identifier: MIT
// Who asked for the block at an address, in which way, and who freed it. All of it is apart from the blocks, so that a
// program that writes over those does not write over this: it is what a report tells when the block itself cannot.
//
// A table by open addressing, which is made anew when half of it is used. Blocks that were freed long ago are forgotten
// then.
#pragma once

#include "bareheap/core/region.hpp"

#include "drop_in/checked/call_stacks.hpp"
#include "drop_in/linux_system.hpp"

#include <cstddef>
#include <cstdint>

namespace bareheap::drop_in {

/// Which family of calls a block belongs to; one must free what it has lent.
enum class Origin : std::uint8_t { malloc, object, array, aligned_object, aligned_array };

/// Who calls, and by which family.
struct Request {
  const void* caller;
  Origin origin;
};

struct BlockStory {
  const std::byte* at;
  const CallStack* asked_from;
  const CallStack* freed_from;  // null: it is lent
  std::size_t freed_after;      // so many others
  std::size_t size : 56;
  Origin origin : 8;
};

class BlockStories {
 public:
  /// Of so many blocks that were freed last the stories are kept for certain.
  static constexpr std::size_t freed_kept = 8192;

  constexpr BlockStories() noexcept = default;

  /// False: there is no memory for it, and nothing is changed.
  [[nodiscard]] bool lent(const std::byte* at, std::size_t size, const CallStack* from, Origin origin) noexcept {
    if (used_ >= capacity_ / 2 && !renew()) return false;
    BlockStory& story = place_of(at);
    if (story.at == nullptr) ++used_;
    if (story.at == nullptr || story.freed_from != nullptr) ++live_;
    story = {at, from, nullptr, 0, size & most_size, origin};
    return true;
  }

  void resized(const std::byte* at, std::size_t size) noexcept { place_of(at).size = size & most_size; }

  /// Of a block that is lent.
  void freed(const std::byte* at, const CallStack* from) noexcept {
    BlockStory& story = place_of(at);
    story.freed_from = from;
    story.freed_after = frees_++;
    --live_;
  }

  std::size_t live() const noexcept { return live_; }

  /// Null: nothing was ever lent here, or it is forgotten.
  const BlockStory* find(const std::byte* at) const noexcept {
    if (capacity_ == 0) return nullptr;
    const BlockStory& story = const_cast<BlockStories*>(this)->place_of(at);
    return story.at == nullptr ? nullptr : &story;
  }

  Region memory() const noexcept { return {reinterpret_cast<std::byte*>(places_), capacity_ * sizeof(BlockStory)}; }

  /// From `place` on, which becomes that behind it; null: there is none.
  const BlockStory* next_live(std::size_t& place) const noexcept {
    while (place != capacity_) {
      const BlockStory& story = places_[place++];
      if (story.at != nullptr && story.freed_from == nullptr) return &story;
    }
    return nullptr;
  }

  template <class Sink>
  void for_each(Sink sink) const noexcept {
    for (std::size_t place = 0; place != capacity_; ++place) {
      if (places_[place].at != nullptr) sink(places_[place]);
    }
  }

 private:
  static constexpr std::size_t most_size = ~std::size_t{0} >> 8;

  // Where the address is, or would be.
  BlockStory& place_of(const std::byte* at) noexcept {
    std::size_t place = (reinterpret_cast<std::uintptr_t>(at) >> 4) * 0x9E3779B97F4A7C15U >> 20;
    while (places_[place & (capacity_ - 1)].at != nullptr && places_[place & (capacity_ - 1)].at != at) ++place;
    return places_[place & (capacity_ - 1)];
  }

  // Into a table of which less than a quarter is used.
  bool renew() noexcept {
    std::size_t capacity = freed_kept;
    while (capacity / 4 <= live_ + freed_kept) capacity *= 2;
    std::byte* const memory = LinuxSystem::map(capacity * sizeof(BlockStory));
    if (memory == nullptr) return false;
    const BlockStories before = *this;
    places_ = reinterpret_cast<BlockStory*>(memory);
    capacity_ = capacity;
    used_ = 0;
    before.for_each([&](const BlockStory& story) {
      if (story.freed_from != nullptr && frees_ - story.freed_after > freed_kept) return;
      place_of(story.at) = story;
      ++used_;
    });
    if (before.capacity_ != 0) {
      LinuxSystem::unmap(reinterpret_cast<std::byte*>(before.places_), before.capacity_ * sizeof(BlockStory));
    }
    return true;
  }

  BlockStory* places_ = nullptr;
  std::size_t capacity_ = 0;  // a power of two
  std::size_t used_ = 0;
  std::size_t live_ = 0;
  std::size_t frees_ = 0;
};

}  // namespace bareheap::drop_in
