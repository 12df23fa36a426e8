// SPDX-License-Identifier: MIT
// Page tables of four levels (Intel SDM volume 3, section 4.5): an entry of the lowest maps a page of 4 KiB, of the
// next one a large page of 2 MiB or a table. Tables are reached at their physical address, as all memory of this port
// is; so the tests on the host run this with tables in the host's memory.
//
//     address   | 16 bits alike | 9: level 4 | 9: level 3 | 9: level 2 | 9: level 1 | 12: byte of the page |
//
// Invariants:
//   1. A call that is refused leaves every table as it was.
//   2. After unmap() no table on the way to the page is empty but those that are another's.
#pragma once

#include "bareheap/core/bits.hpp"
#include "ports/x86_64/machine.hpp"

#include <concepts>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace bareheap::x86_64 {

/// Lends page frames, which are whole pages of physical memory.
/// * take: a frame that holds anything, or null where none is left.
/// * give: takes back one that take() lent.
/// * owns: true for the frames that give() would take back. A table whose frame is another's is never given back.
template <class F>
concept FrameSource = requires(F& frames, std::byte* frame) {
  { frames.take() } noexcept -> std::same_as<std::byte*>;
  { frames.give(frame) } noexcept -> std::same_as<void>;
  { frames.owns(frame) } noexcept -> std::same_as<bool>;
};

/// What remembers translations of this CPU.
/// * drop: forgets that of the page at an address. drop_all: forgets those of all pages.
template <class T>
concept TranslationCache = requires(std::uintptr_t page) {
  { T::drop(page) } noexcept -> std::same_as<void>;
  { T::drop_all() } noexcept -> std::same_as<void>;
};

/// What may be done with a page; reading always may.
struct Access {
  bool write = false;
  bool execute = false;
  bool cached = true;
};

/// Why a page was not mapped.
enum class MapFault : std::uint8_t { none, no_frame, mapped_already, bad_address, write_and_execute };

constexpr const char* sentence(MapFault fault) noexcept {
  switch (fault) {
    case MapFault::none: return "nothing is wrong";
    case MapFault::no_frame: return "no frame is left for a page table";
    case MapFault::mapped_already: return "something is mapped there already";
    case MapFault::bad_address: return "the address is no page's, or not one that the processor has";
    case MapFault::write_and_execute: return "a page must not be both writable and executable";
  }
  return "the number of a fault is out of range";
}

/// Changes the tables below `root`. Not for two CPUs at the same time. Another CPU remembers a page that was unmapped
/// until it calls flush() itself, and frames and tables are used again at once: so between an unmap and its own flush()
/// no other CPU may run on these tables.
template <FrameSource Frames, TranslationCache Cache>
class Mapper {
 public:
  /// `root` is a table of level 4 that outlives the mapper, as `frames` does.
  Mapper(std::byte* root, Frames& frames) noexcept : root_(reinterpret_cast<Entry*>(root)), frames_(&frames) {}

  /// From now on the page at `page` is `frame`. Takes what tables are missing; gives them back where it is refused.
  [[nodiscard]] MapFault map(std::uintptr_t page, const std::byte* frame, Access access) noexcept {
    return put(page, address_of(frame), access, lowest_level);
  }

  /// The same for a large page.
  [[nodiscard]] MapFault map_large(std::uintptr_t page, const std::byte* frame, Access access) noexcept {
    return put(page, address_of(frame), access, large_level);
  }

  /// The frame that was mapped at `page` and is not any more; null where nothing was, or a large page. Tables of this
  /// mapper's frames that are empty now are given back.
  std::byte* unmap(std::uintptr_t page) noexcept {
    if (!is_possible(page, page_size)) return nullptr;
    Entry* const entry = entry_of(page, lowest_level);
    if (entry == nullptr || (*entry & present) == 0) return nullptr;
    auto* const frame = reinterpret_cast<std::byte*>(*entry & address_bits);
    *entry = 0;
    Cache::drop(page);
    give_empty_tables(page);
    return frame;
  }

  /// The physical address of what lies at a virtual one; nothing where nothing is mapped.
  std::optional<std::uintptr_t> translate(std::uintptr_t address) const noexcept {
    if (!is_possible(address, 1)) return std::nullopt;
    for (unsigned level = highest_level; level >= lowest_level; --level) {
      const Entry* const entry = entry_of(address, level);
      if (entry == nullptr || (*entry & present) == 0) return std::nullopt;
      const bool ends_here = level == lowest_level || (*entry & large) != 0;
      const std::uintptr_t inside = bytes_of(level) - 1;
      if (ends_here) return (*entry & address_bits & ~inside) | (address & inside);
    }
    return std::nullopt;
  }

  /// This CPU forgets all translations. map() and unmap() need it on no account; another CPU needs it after unmap().
  void flush() noexcept { Cache::drop_all(); }

 private:
  using Entry = std::uint64_t;

  static constexpr std::size_t entries_of_table = 512;
  static constexpr unsigned highest_level = 4;
  static constexpr unsigned large_level = 2;
  static constexpr unsigned lowest_level = 1;

  /// Bits of an entry (Intel SDM volume 3, tables 4-14 to 4-20).
  static constexpr Entry present = 1U << 0;
  static constexpr Entry writable = 1U << 1;
  static constexpr Entry write_through = 1U << 3;
  static constexpr Entry uncached = 1U << 4;
  static constexpr Entry large = 1U << 7;
  static constexpr Entry no_execute = Entry{1} << 63;
  static constexpr Entry address_bits = 0x000ffffffffff000;

  /// What an entry of a level stands for.
  static constexpr std::uintptr_t bytes_of(unsigned level) noexcept {
    return std::uintptr_t{page_size} << 9 * (level - lowest_level);
  }

  static bool is_possible(std::uintptr_t address, std::size_t alignment) noexcept {
    const auto upper = static_cast<std::int64_t>(address) >> 47;  // the lower half of the addresses, or the upper one
    return is_aligned(address, alignment) && (upper == 0 || upper == -1);
  }

  static Entry* table_in(Entry entry) noexcept { return reinterpret_cast<Entry*>(entry & address_bits); }

  static Entry leaf(std::uintptr_t frame, Access access, unsigned level) noexcept {
    return frame | present | (access.write ? writable : 0) | (access.execute ? 0 : no_execute) |
           (access.cached ? 0 : uncached | write_through) | (level == large_level ? large : 0);
  }

  static Entry& entry_in(Entry* table, std::uintptr_t address, unsigned level) noexcept {
    return table[address / bytes_of(level) % entries_of_table];
  }

  /// The entry of a level on the way to an address; null where there is no table of that level.
  Entry* entry_of(std::uintptr_t address, unsigned level) const noexcept {
    Entry* entry = &entry_in(root_, address, highest_level);
    for (unsigned at = highest_level; at > level; --at) {
      if ((*entry & present) == 0 || (*entry & large) != 0) return nullptr;
      entry = &entry_in(table_in(*entry), address, at - 1);
    }
    return entry;
  }

  MapFault put(std::uintptr_t page, std::uintptr_t frame, Access access, unsigned level) noexcept {
    const std::size_t size = bytes_of(level);
    if (!is_possible(page, size) || !is_aligned(frame, size) || (frame & ~address_bits) != 0)
      return MapFault::bad_address;
    if (access.write && access.execute) return MapFault::write_and_execute;
    const MapFault fault = take_tables(page, level);
    if (fault != MapFault::none) {
      give_empty_tables(page);
      return fault;
    }
    *entry_of(page, level) = leaf(frame, access, level);
    std::atomic_signal_fence(std::memory_order_seq_cst);  // the compiler must touch nothing of the page before
    return MapFault::none;
  }

  /// Tables down to `level`, where nothing is mapped.
  MapFault take_tables(std::uintptr_t page, unsigned level) noexcept {
    for (unsigned at = highest_level; at > level; --at) {
      Entry& entry = *entry_of(page, at);
      if ((entry & present) != 0) {
        if ((entry & large) != 0) return MapFault::mapped_already;
        continue;
      }
      std::byte* const table = frames_->take();
      if (table == nullptr) return MapFault::no_frame;
      __builtin_memset(table, 0, page_size);
      entry = address_of(table) | present | writable;
    }
    return (*entry_of(page, level) & present) != 0 ? MapFault::mapped_already : MapFault::none;
  }

  /// The tables on the way to a page, from the lowest up, as far as they are empty and of this mapper's frames. A CPU
  /// may remember the way itself, so it forgets all when a table goes (Intel SDM volume 3, section 4.10.4.1).
  void give_empty_tables(std::uintptr_t page) noexcept {
    for (unsigned above = lowest_level + 1; above <= highest_level; ++above) {
      Entry* const entry = entry_of(page, above);
      if (entry == nullptr || (*entry & present) == 0) continue;
      auto* const table = reinterpret_cast<std::byte*>(table_in(*entry));
      if ((*entry & large) != 0 || !frames_->owns(table) || !is_empty(table_in(*entry))) return;
      *entry = 0;
      Cache::drop_all();
      frames_->give(table);
    }
  }

  static bool is_empty(const Entry* table) noexcept {
    for (std::size_t i = 0; i < entries_of_table; ++i) {
      if (table[i] != 0) return false;
    }
    return true;
  }

  Entry* root_;
  Frames* frames_;
};

}  // namespace bareheap::x86_64
