// SPDX-License-Identifier: MIT
// Blocks that are mappings of their own: what is very large, what the span has no room for, and what a signal's handler
// asks that has interrupted its own thread under the heap's lock. No lock is taken, so a handler may be anywhere.
//
// A table knows them all, by open addressing with steps of one. It is exact, and apart from the blocks: an address that
// is none of theirs is never read.
#pragma once

#include "bareheap/core/bits.hpp"
#include "bareheap/core/layout.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace bareheap::drop_in {

template <class System, unsigned Log2 = 16>
class OwnBlocks {
 public:
  constexpr OwnBlocks() noexcept = default;

  /// A new block of zeros, of whole pages. Empty: the system refuses, or the table is full.
  Block allocate(Layout asked) noexcept {
    const std::size_t size = rounded(asked.size());
    if (size == 0) return {};
    std::byte* const at = asked.alignment() <= System::page ? System::map(size) : map_aligned(size, asked.alignment());
    if (at == nullptr) return {};
    if (!enter(at, size)) {
      System::unmap(at, size);
      return {};
    }
    made_.fetch_add(1, std::memory_order_relaxed);
    const std::size_t bytes = bytes_.fetch_add(size, std::memory_order_relaxed) + size;
    std::size_t peak = peak_.load(std::memory_order_relaxed);
    while (peak < bytes && !peak_.compare_exchange_weak(peak, bytes, std::memory_order_relaxed)) {}
    return {at, size};
  }

  /// The size of the block at this address; 0: there is none.
  std::size_t size_of(const std::byte* at) const noexcept {
    const Entry* const entry = find(at);
    return entry == nullptr ? 0 : entry->size.load(std::memory_order_relaxed);
  }

  /// False: there is no block here, or another thread frees it in the same moment.
  bool deallocate(std::byte* at) noexcept {
    const std::size_t size = leave(at);
    if (size == 0) return false;
    bytes_.fetch_sub(size, std::memory_order_relaxed);
    System::unmap(at, size);
    return true;
  }

  /// Moves the pages of a block where need be. Empty: refused, and the block is as it was.
  Block reallocate(std::byte* at, std::size_t asked) noexcept {
    const std::size_t after = rounded(asked);
    const std::size_t before = size_of(at);
    if (after == 0 || before == 0) return {};
    if (after == before) return {at, before};
    leave(at);  // first: where it was, another thread may have a block as soon as it has moved
    std::byte* const moved = System::remap(at, before, after);
    const bool is_moved = moved != nullptr;
    enter(is_moved ? moved : at, is_moved ? after : before);  // there is a place: its own was given up just now
    if (!is_moved) return {};
    bytes_.fetch_add(after - before, std::memory_order_relaxed);
    return {moved, after};
  }

  static constexpr std::size_t rounded(std::size_t size) noexcept {
    return size > size_limit / 2 ? 0 : align_down((size == 0 ? 1 : size) + System::page - 1, System::page);
  }

  std::size_t made() const noexcept { return made_.load(std::memory_order_relaxed); }
  std::size_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }
  std::size_t peak() const noexcept { return peak_.load(std::memory_order_relaxed); }

  template <class Sink>
  void for_each(Sink sink) const noexcept {
    for (const Entry& entry : table_) {
      const std::uintptr_t at = entry.at.load(std::memory_order_acquire);
      if (at > gone) sink(reinterpret_cast<const std::byte*>(at), entry.size.load(std::memory_order_relaxed));
    }
  }

 private:
  static constexpr std::size_t places = std::size_t{1} << Log2;
  static constexpr std::uintptr_t gone = 1;   // here was a block; the search goes on behind
  static constexpr std::uintptr_t being_made = 2;

  struct Entry {
    std::atomic<std::uintptr_t> at{0};
    std::atomic<std::size_t> size{0};
  };

  static std::size_t place_of(std::uintptr_t at) noexcept {
    return static_cast<std::size_t>(at / System::page * 0x9E3779B97F4A7C15U >> (64 - Log2));
  }

  bool enter(std::byte* at, std::size_t size) noexcept {
    const std::uintptr_t address = address_of(at);
    for (std::size_t step = 0, place = place_of(address); step != places; ++step, place = (place + 1) % places) {
      Entry& entry = table_[place];
      std::uintptr_t seen = entry.at.load(std::memory_order_relaxed);
      if (seen > gone || !entry.at.compare_exchange_strong(seen, being_made, std::memory_order_relaxed)) continue;
      entry.size.store(size, std::memory_order_relaxed);
      // Release: who finds the address finds the size.
      entry.at.store(address, std::memory_order_release);
      return true;
    }
    return false;
  }

  const Entry* find(const std::byte* at) const noexcept {
    const std::uintptr_t address = address_of(at);
    if (address % System::page != 0 || address == 0) return nullptr;
    for (std::size_t step = 0, place = place_of(address); step != places; ++step, place = (place + 1) % places) {
      const std::uintptr_t seen = table_[place].at.load(std::memory_order_acquire);
      if (seen == address) return &table_[place];
      if (seen == 0) return nullptr;
    }
    return nullptr;
  }

  // The size of the block that was in the table; 0: none was.
  std::size_t leave(std::byte* at) noexcept {
    Entry* const entry = const_cast<Entry*>(find(at));
    if (entry == nullptr) return 0;
    const std::size_t size = entry->size.load(std::memory_order_relaxed);
    std::uintptr_t address = address_of(at);
    return entry->at.compare_exchange_strong(address, gone, std::memory_order_relaxed) ? size : 0;
  }

  static std::byte* map_aligned(std::size_t size, std::size_t alignment) noexcept {
    if (alignment > size_limit / 2 - size) return nullptr;
    const std::size_t whole = size + alignment - System::page;
    std::byte* const start = System::map(whole);
    if (start == nullptr) return nullptr;
    const std::size_t front = align_down(address_of(start) + alignment - 1, alignment) - address_of(start);
    if (front != 0) System::unmap(start, front);
    if (const std::size_t behind = whole - front - size; behind != 0) System::unmap(start + front + size, behind);
    return start + front;
  }

  Entry table_[places] = {};
  std::atomic<std::size_t> made_{0};
  std::atomic<std::size_t> bytes_{0};
  std::atomic<std::size_t> peak_{0};
};

}  // namespace bareheap::drop_in
