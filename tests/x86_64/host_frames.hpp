// SPDX-License-Identifier: MIT
// Page frames in the host's memory, counted; a table of level 4; and a cache of translations that counts what it is
// told.
#pragma once

#include "ports/x86_64/mapper.hpp"
#include "support/host_region.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace bareheap::x86_64::test {

class HostFrames {
 public:
  explicit HostFrames(std::size_t count) : memory_(count * page_size, page_size) {
    for (std::size_t i = count; i > 0; --i) free_.push_back(memory_.start() + (i - 1) * page_size);
    count_ = count;
  }

  std::byte* take() noexcept {
    if (free_.empty()) return nullptr;
    std::byte* const frame = free_.back();
    free_.pop_back();
    return frame;
  }

  /// What is given back holds nothing that may be used.
  void give(std::byte* frame) noexcept {
    EXPECT_TRUE(owns(frame) && address_of(frame) % page_size == 0);
    for (const std::byte* other : free_) EXPECT_NE(other, frame) << "given back twice";
    std::memset(frame, 0xA5, page_size);
    free_.push_back(frame);
  }

  bool owns(const std::byte* frame) const noexcept { return memory_.region().contains(frame); }

  std::size_t lent() const { return count_ - free_.size(); }
  std::size_t left() const { return free_.size(); }

  /// Only so many more.
  void leave(std::size_t count) { free_.resize(count); }

 private:
  bareheap::test::HostRegion memory_;
  std::vector<std::byte*> free_;
  std::size_t count_ = 0;
};

struct CountingCache {
  static inline std::vector<std::uintptr_t> dropped;
  static inline unsigned all_dropped = 0;

  static void reset() {
    dropped.clear();
    all_dropped = 0;
  }
  static void drop(std::uintptr_t page) noexcept { dropped.push_back(page); }
  static void drop_all() noexcept { ++all_dropped; }
};

using HostMapper = Mapper<HostFrames, CountingCache>;

/// An empty table of level 4.
class Root {
 public:
  Root() : memory_(page_size, page_size) { std::memset(memory_.start(), 0, page_size); }

  std::byte* start() const { return memory_.start(); }

  /// The four indexes name an entry of the lowest level; each table on the way must be there.
  std::uint64_t entry(std::size_t i4, std::size_t i3, std::size_t i2, std::size_t i1) const {
    const std::uint64_t* table = reinterpret_cast<const std::uint64_t*>(memory_.start());
    for (const std::size_t index : {i4, i3, i2}) {
      if ((table[index] & 1) == 0) return 0;
      table = reinterpret_cast<const std::uint64_t*>(table[index] & 0x000ffffffffff000);
    }
    return table[i1];
  }

  bool is_empty() const {
    const auto* words = reinterpret_cast<const std::uint64_t*>(memory_.start());
    for (std::size_t i = 0; i < 512; ++i) {
      if (words[i] != 0) return false;
    }
    return true;
  }

 private:
  bareheap::test::HostRegion memory_;
};

}  // namespace bareheap::x86_64::test
