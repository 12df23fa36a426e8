// SPDX-License-Identifier: MIT
// Physical memory as what the loader and the firmware left in it is read: by address, and only within bounds. No access
// here leaves the bounds whatever the addresses are, and none needs an alignment.
#pragma once

#include "bareheap/core/region.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

namespace bareheap::x86_64 {

class PhysicalMemory {
 public:
  /// What can be read is `bytes`, the first of which has the physical address `first`. first + bytes.size must not
  /// wrap.
  constexpr PhysicalMemory(Region bytes, std::uint64_t first) noexcept : bytes_(bytes), first_(first) {}

  /// The bytes from `address` on; nothing where not all of them can be read.
  std::optional<std::span<const std::byte>> bytes(std::uint64_t address, std::uint64_t size) const noexcept {
    const std::uint64_t offset = address - first_;
    if (offset > bytes_.size || size > bytes_.size - offset) return std::nullopt;
    return std::span<const std::byte>(bytes_.start + offset, size);
  }

  /// The object that lies at `address`; nothing where it cannot be read.
  template <class T>
  requires std::is_trivially_copyable_v<T> std::optional<T> read(std::uint64_t address)
  const noexcept {
    const auto source = bytes(address, sizeof(T));
    if (!source) return std::nullopt;
    T object;
    std::memcpy(&object, source->data(), sizeof(T));
    return object;
  }

 private:
  Region bytes_;
  std::uint64_t first_;
};

}  // namespace bareheap::x86_64
