// SPDX-License-Identifier: MIT
// What the firmware's tables say of CPUs (ACPI specification 6.4, sections 5.2.5 to 5.2.12): the root pointer leads to
// a root table, that to all others, and the one named APIC lists the CPUs. Nothing here touches the machine, so the
// tests on the host include it.
//
//     RSDP -> XSDT, or RSDT -> APIC -> a local APIC for each CPU
//                           -> FACP -> DSDT, FACS
//                           -> others
#pragma once

#include "bareheap/core/function_ref.hpp"
#include "ports/x86_64/machine.hpp"
#include "ports/x86_64/physical_memory.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace bareheap::x86_64 {

/// The CPUs of a machine by the numbers of their local APICs; the first is the one that boots.
class CpuList {
 public:
  explicit constexpr CpuList(std::uint32_t first) noexcept : identities_{first}, count_(1) {}

  /// What is in the list already, what has no room, and what the 8 bits of an interrupt command cannot name is left out
  /// (255 means all).
  constexpr void add(std::uint32_t identity) noexcept {
    if (count_ == most_cpus || identity >= 0xff || std::ranges::count(identities(), identity) != 0) return;
    identities_[count_++] = identity;
  }

  constexpr std::span<const std::uint32_t> identities() const noexcept { return {identities_, count_}; }

 private:
  std::uint32_t identities_[most_cpus];
  std::uint32_t count_;
};

/// Reads tables that can hold anything: what cannot be read, or whose sum of bytes is not 0, is as if it were not
/// there.
class AcpiReader {
 public:
  /// Takes the place of a table: address and size in bytes.
  using Places = FunctionRef<void(std::uint64_t address, std::uint64_t size)>;

  explicit AcpiReader(const PhysicalMemory& memory) noexcept : memory_(memory) {}

  /// Adds the CPUs that are usable to the list, and shows `places` where each table lies. `root` is the address of the
  /// root pointer.
  void read(std::uint64_t root, CpuList& cpus, Places places) const noexcept {
    const std::optional<Root> found = root_table(root, places);
    if (!found) return;
    const std::uint64_t entries = std::min<std::uint64_t>((found->size - header_size) / found->entry_size, most_tables);
    for (std::uint64_t i = 0; i < entries; ++i) {
      const std::uint64_t at = found->address + header_size + i * found->entry_size;
      const std::uint64_t table = found->entry_size == 8 ? number<std::uint64_t>(at) : number<std::uint32_t>(at);
      show(table, places);
      if (is(table, "FACP")) show_children(table, places);
      if (is(table, "APIC")) add_cpus(table, cpus);
    }
  }

 private:
  static constexpr std::uint64_t header_size = 36;
  static constexpr std::uint64_t most_tables = 1024;
  static constexpr std::uint64_t most_bytes = std::uint64_t{1} << 20;  // of a table whose bytes are added up
  static constexpr std::uint64_t most_of_a_table = std::uint64_t{16} << 20;  // a larger one is none

  struct Root {
    std::uint64_t address;
    std::uint64_t size;
    std::uint64_t entry_size;
  };

  /// 0 where it cannot be read.
  template <class T>
  T number(std::uint64_t address) const noexcept {
    return memory_.read<T>(address).value_or(0);
  }

  bool is(std::uint64_t table, const char (&signature)[5]) const noexcept {
    const auto bytes = memory_.bytes(table, 4);
    return bytes && std::memcmp(bytes->data(), signature, 4) == 0;
  }

  /// A table has its size behind its signature.
  std::uint64_t size_of(std::uint64_t table) const noexcept { return number<std::uint32_t>(table + 4); }

  bool adds_up(std::uint64_t address, std::uint64_t size) const noexcept {
    const auto bytes = memory_.bytes(address, size);
    if (!bytes || size > most_bytes) return false;
    unsigned sum = 0;
    for (const std::byte byte : *bytes) sum += static_cast<unsigned>(byte);
    return sum % 256 == 0;
  }

  void show(std::uint64_t table, Places places) const noexcept {
    const std::uint64_t size = size_of(table);
    if (table != 0 && size != 0 && size <= most_of_a_table) places(table, size);
  }

  /// Since revision 2 the root pointer is longer and leads to the XSDT.
  std::optional<Root> root_table(std::uint64_t root, Places places) const noexcept {
    constexpr std::uint64_t old_size = 20;
    const auto signature = memory_.bytes(root, 8);
    if (!signature || std::memcmp(signature->data(), "RSD PTR ", 8) != 0 || !adds_up(root, old_size))
      return std::nullopt;
    const std::uint64_t size = number<std::uint8_t>(root + 15) >= 2 ? number<std::uint32_t>(root + 20) : old_size;
    const bool is_long = size >= header_size && adds_up(root, size);
    places(root, is_long ? size : old_size);
    if (is_long) {
      if (const auto table = table_at(number<std::uint64_t>(root + 24), "XSDT", 8, places)) return table;
    }
    return table_at(number<std::uint32_t>(root + 16), "RSDT", 4, places);
  }

  std::optional<Root> table_at(std::uint64_t address, const char (&signature)[5], std::uint64_t entry_size,
                               Places places) const noexcept {
    const std::uint64_t size = size_of(address);
    if (!is(address, signature) || size < header_size || !adds_up(address, size)) return std::nullopt;
    places(address, size);
    return Root{address, size, entry_size};
  }

  /// FADT: FIRMWARE_CTRL and DSDT, with 32 bits and, in a longer table, with 64 (section 5.2.9).
  void show_children(std::uint64_t table, Places places) const noexcept {
    for (const std::uint64_t offset : {36U, 40U}) show(number<std::uint32_t>(table + offset), places);
    if (size_of(table) < 148) return;
    for (const std::uint64_t offset : {132U, 140U}) show(number<std::uint64_t>(table + offset), places);
  }

  /// MADT: entries with their kind and size in front; kind 0 is a CPU, kind 9 one with a number of 32 bits (sections
  /// 5.2.12.2 and 5.2.12.12). Bit 0 of the flags: usable.
  void add_cpus(std::uint64_t table, CpuList& cpus) const noexcept {
    const std::uint64_t size = size_of(table);
    if (!adds_up(table, size)) return;
    std::uint64_t step = 0;
    for (std::uint64_t offset = header_size + 8; offset + 2 <= size; offset += step) {
      const std::uint64_t entry = table + offset;
      const auto kind = number<std::uint8_t>(entry);
      step = number<std::uint8_t>(entry + 1);
      if (step < 2 || step > size - offset) return;
      if (kind == 0 && step >= 8 && (number<std::uint32_t>(entry + 4) & 1) != 0)
        cpus.add(number<std::uint8_t>(entry + 3));
      if (kind == 9 && step >= 16 && (number<std::uint32_t>(entry + 8) & 1) != 0)
        cpus.add(number<std::uint32_t>(entry + 4));
    }
  }

  PhysicalMemory memory_;
};

}  // namespace bareheap::x86_64
