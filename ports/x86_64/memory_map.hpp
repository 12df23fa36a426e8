// SPDX-License-Identifier: MIT
// What of the RAM is free, from what a PVH loader tells (Xen, "x86/HVM direct boot ABI", hvm_start_info). Nothing here
// touches the machine, so the tests on the host include it.
//
//     usable    +-------------------------+          +-------+        added, in any order, overlapping or not
//     reserved         +----+                  +--------+              removed afterwards
//     map       |======|    |=============|                |==|        whole pages, ascending, none touching another
#pragma once

#include "bareheap/core/bits.hpp"
#include "ports/x86_64/machine.hpp"
#include "ports/x86_64/physical_memory.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace bareheap::x86_64 {

/// Whole pages from `start` up to, not including, `end`.
struct Stretch {
  std::uint64_t start;
  std::uint64_t end;

  friend bool operator==(const Stretch&, const Stretch&) noexcept = default;
};

/// Stretches of physical memory. What finds no place among the `most_stretches` is left out: memory is lost then, but
/// none is in the map that was not added, or that was removed later.
class MemoryMap {
 public:
  static constexpr std::size_t most_stretches = 64;

  /// Every address is its own only in the lower half of the virtual addresses (Intel SDM volume 1, section 3.3.7.1).
  static constexpr std::uint64_t limit = std::uint64_t{1} << 47;

  /// The pages that lie wholly in these bytes. Whatever reaches beyond the last address ends there.
  void add(std::uint64_t start, std::uint64_t size) noexcept {
    const CheckedSize first = CheckedSize(start).aligned_up(page_size);
    Stretch added{first.value(), align_down(end_of(start, size), page_size)};
    if (!first.fits() || added.start >= added.end) return;
    std::size_t kept = 0;
    for (const Stretch& other : stretches()) {
      if (other.end < added.start || other.start > added.end) {
        stretches_[kept++] = other;
      } else {
        added = {std::min(added.start, other.start), std::max(added.end, other.end)};
      }
    }
    count_ = kept;
    insert(added);
  }

  /// Every page that holds one of these bytes.
  void remove(std::uint64_t start, std::uint64_t size) noexcept {
    if (size == 0) return;
    const Stretch removed{align_down(start, page_size), align_up(end_of(start, size))};
    if (removed.start >= removed.end) return;
    for (std::size_t i = count_; i > 0; --i) {
      Stretch& stretch = stretches_[i - 1];
      if (stretch.end <= removed.start || stretch.start >= removed.end) continue;
      const Stretch above{std::max(removed.end, stretch.start), stretch.end};
      stretch.end = std::max(removed.start, stretch.start);
      if (stretch.start == stretch.end) erase(i - 1);
      if (above.start < above.end) insert(above);
    }
  }

  /// Takes the highest page that ends at or below `highest_end`, a multiple of the page size, out of the map. 0: none.
  std::uint64_t take_page_below(std::uint64_t highest_end) noexcept {
    for (std::size_t i = count_; i > 0; --i) {
      if (stretches_[i - 1].start >= highest_end) continue;
      const std::uint64_t page = std::min(stretches_[i - 1].end, highest_end) - page_size;
      remove(page, page_size);
      return page;
    }
    return 0;
  }

  bool contains(std::uint64_t start, std::uint64_t end) const noexcept {
    return std::ranges::any_of(stretches(),
                               [=](const Stretch& other) { return other.start <= start && end <= other.end; });
  }

  /// Lowest first.
  std::span<const Stretch> stretches() const noexcept { return {stretches_, count_}; }

 private:
  static std::uint64_t align_up(std::uint64_t end) noexcept { return (end + page_size - 1) & ~(page_size - 1); }

  /// At most `limit`.
  static std::uint64_t end_of(std::uint64_t start, std::uint64_t size) noexcept {
    return std::min((CheckedSize(start) + size).value(), limit);
  }

  void insert(const Stretch& added) noexcept {
    if (count_ == most_stretches) return;
    std::size_t place = count_++;
    for (; place > 0 && stretches_[place - 1].start > added.start; --place) stretches_[place] = stretches_[place - 1];
    stretches_[place] = added;
  }

  void erase(std::size_t place) noexcept {
    --count_;
    for (; place < count_; ++place) stretches_[place] = stretches_[place + 1];
  }

  Stretch stretches_[most_stretches]{};
  std::size_t count_ = 0;
};

/// Why a loader's start information is of no use.
enum class StartFault : std::uint8_t { none, not_found, has_no_map, unreadable, too_long };

constexpr const char* sentence(StartFault fault) noexcept {
  switch (fault) {
    case StartFault::none: return "nothing is wrong";
    case StartFault::not_found: return "the loader left no PVH start information";
    case StartFault::has_no_map: return "the loader's start information has no memory map";
    case StartFault::unreadable: return "the loader's start information lies outside of the first 4 GiB";
    case StartFault::too_long: return "the loader's memory map or list of modules has more than 1024 entries";
  }
  return "the number of a fault is out of range";
}

/// What the loader says: where memory is free, and where ACPI's tables start (0: nowhere).
struct StartInformation {
  StartFault fault = StartFault::none;
  std::uint64_t acpi = 0;
  MemoryMap usable;
};

/// The structures of the protocol as they lie in memory.
namespace pvh {

inline constexpr std::uint32_t magic = 0x336ec578;
inline constexpr std::uint32_t type_ram = 1;
inline constexpr std::uint32_t most_entries = 1024;

struct Start {
  std::uint32_t magic;
  std::uint32_t version;
  std::uint32_t flags;
  std::uint32_t modules;
  std::uint64_t module_list;
  std::uint64_t command_line;
  std::uint64_t acpi;
  std::uint64_t memory_map;  // this and what follows since version 1
  std::uint32_t memory_map_entries;
  std::uint32_t reserved;
};
static_assert(sizeof(Start) == 56);

struct Module {
  std::uint64_t start;
  std::uint64_t size;
  std::uint64_t command_line;
  std::uint64_t reserved;
};

struct MapEntry {
  std::uint64_t start;
  std::uint64_t size;
  std::uint32_t type;
  std::uint32_t reserved;
};
static_assert(sizeof(Module) == 32 && sizeof(MapEntry) == 24);

}  // namespace pvh

/// Reads it all at once, since the places it lies at may be used for something else afterwards. Left out of `usable`
/// are the start information with all that it points to, whatever its map has as another type, and the first MiB.
class StartReader {
 public:
  explicit StartReader(const PhysicalMemory& memory) noexcept : memory_(memory) {}

  StartInformation read(std::uint64_t address) noexcept {
    StartInformation result;
    result.fault = read_into(address, result);
    return result;
  }

 private:
  StartFault read_into(std::uint64_t address, StartInformation& result) noexcept {
    const auto start = memory_.read<pvh::Start>(address);
    if (!start || start->magic != pvh::magic) return StartFault::not_found;
    if (start->version < 1 || start->memory_map_entries == 0) return StartFault::has_no_map;
    if (start->memory_map_entries > pvh::most_entries || start->modules > pvh::most_entries)
      return StartFault::too_long;
    result.acpi = start->acpi;
    MemoryMap& usable = result.usable;
    if (!read_map(*start, usable)) return StartFault::unreadable;
    usable.remove(0, low_memory_end);
    usable.remove(address, sizeof(pvh::Start));
    usable.remove(start->memory_map, std::uint64_t{start->memory_map_entries} * sizeof(pvh::MapEntry));
    leave_out_text(start->command_line, usable);
    return leave_out_modules(*start, usable) ? StartFault::none : StartFault::unreadable;
  }

  /// All that is usable first: what is reserved by one entry is so whatever another entry says.
  bool read_map(const pvh::Start& start, MemoryMap& usable) noexcept {
    return for_each<pvh::MapEntry>(start.memory_map, start.memory_map_entries,
                                   [&](const pvh::MapEntry& entry) {
                                     if (entry.type == pvh::type_ram) usable.add(entry.start, entry.size);
                                   }) &&
           for_each<pvh::MapEntry>(start.memory_map, start.memory_map_entries, [&](const pvh::MapEntry& entry) {
             if (entry.type != pvh::type_ram) usable.remove(entry.start, entry.size);
           });
  }

  bool leave_out_modules(const pvh::Start& start, MemoryMap& usable) noexcept {
    usable.remove(start.module_list, std::uint64_t{start.modules} * sizeof(pvh::Module));
    return for_each<pvh::Module>(start.module_list, start.modules, [&](const pvh::Module& module) {
      usable.remove(module.start, module.size);
      leave_out_text(module.command_line, usable);
    });
  }

  /// A text ends with a zero; one that does not within a page is left out that far.
  void leave_out_text(std::uint64_t address, MemoryMap& usable) noexcept {
    if (address == 0) return;
    std::uint64_t size = 0;
    while (size < page_size && memory_.read<char>(address + size).value_or('\0') != '\0') ++size;
    usable.remove(address, size + 1);
  }

  /// False where not all of them can be read.
  template <class T, class Visit>
  bool for_each(std::uint64_t address, std::uint32_t count, Visit visit) noexcept {
    if (!memory_.bytes(address, std::uint64_t{count} * sizeof(T))) return count == 0;
    for (std::uint32_t i = 0; i < count; ++i) visit(*memory_.read<T>(address + i * sizeof(T)));
    return true;
  }

  PhysicalMemory memory_;
};

}  // namespace bareheap::x86_64
