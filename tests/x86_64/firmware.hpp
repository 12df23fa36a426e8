// SPDX-License-Identifier: MIT
// Physical memory as a loader and a firmware leave it, written by hand. It begins at an odd address that is not 0, and
// is no longer than what is in it needs, so that the sanitizers see a read too far.
#pragma once

#include "ports/x86_64/memory_map.hpp"
#include "ports/x86_64/physical_memory.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace bareheap::x86_64::test {

class Firmware {
 public:
  static constexpr std::uint64_t first = 0x2001;

  PhysicalMemory memory() { return {{bytes_.data(), bytes_.size()}, first}; }

  /// The address at which the next thing will be put.
  std::uint64_t next() const { return first + bytes_.size(); }

  template <class T>
  std::uint64_t put(const T& object) {
    const std::uint64_t address = next();
    const auto* const bytes = reinterpret_cast<const std::byte*>(&object);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof(T));
    return address;
  }

  std::uint64_t put_text(std::string_view text) {
    const std::uint64_t address = next();
    for (const char character : text) put(character);
    return address;
  }

  template <class T>
  void change(std::uint64_t address, T value) {
    std::memcpy(&bytes_.at(address - first), &value, sizeof(T));
  }

  /// Makes the bytes from `address` on add up to 0 with the one at `checksum`.
  void add_up(std::uint64_t address, std::uint64_t size, std::uint64_t checksum) {
    unsigned sum = 0;
    change<std::uint8_t>(checksum, 0);
    for (std::uint64_t i = 0; i < size; ++i) sum += static_cast<unsigned>(bytes_.at(address - first + i));
    change(checksum, static_cast<std::uint8_t>(0x100 - sum % 0x100));
  }

  void cut(std::uint64_t address) { bytes_.resize(address - first); }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace bareheap::x86_64::test
