// SPDX-License-Identifier: MIT
// A block of the heap full of a pattern, which its owner reads again before giving it back.
#pragma once

#include "heap.hpp"
#include "kernels/processes/process.hpp"

#include <utility>

namespace bareheap::processes {

/// Counts in its owner's deeds what becomes of it. The owner must outlive it.
class Parcel {
 public:
  /// Takes a block of `size` bytes and fills it. Empty where there is no room.
  Parcel(Process& owner, std::size_t size) noexcept : owner_(&owner), layout_(size, alignof(std::uint64_t)) {
    owner.calls_heap = true;
    words_ = reinterpret_cast<std::uint64_t*>(program_heap.allocate(layout_).at);
    owner.calls_heap = false;
    owner.deeds.refused += words_ == nullptr;
    owner.deeds.parcels += words_ != nullptr;
    if (words_ == nullptr) return;
    for (std::size_t index = 0; index < count(); ++index) words_[index] = pattern(index);
  }

  Parcel(Parcel&& other) noexcept
      : owner_(other.owner_), layout_(other.layout_), words_(std::exchange(other.words_, nullptr)) {}

  Parcel& operator=(Parcel&& other) noexcept {
    std::swap(owner_, other.owner_);
    std::swap(layout_, other.layout_);
    std::swap(words_, other.words_);
    return *this;
  }

  ~Parcel() {
    if (words_ == nullptr) return;
    std::size_t wrong = 0;
    for (std::size_t index = 0; index < count(); ++index) wrong += words_[index] != pattern(index);
    owner_->deeds.spoilt += wrong != 0;
    owner_->calls_heap = true;
    program_heap.deallocate(reinterpret_cast<std::byte*>(words_), layout_);
    owner_->calls_heap = false;
  }

  explicit operator bool() const noexcept { return words_ != nullptr; }

 private:
  std::size_t count() const noexcept { return layout_.size() / sizeof(std::uint64_t); }

  /// Of this block and this word alone.
  std::uint64_t pattern(std::size_t index) const noexcept { return address_of(words_ + index) ^ owner_->seed << 32; }

  Process* owner_;
  Layout layout_;
  std::uint64_t* words_ = nullptr;
};

}  // namespace bareheap::processes
