// SPDX-License-Identifier: MIT
// Memory of the host for a heap under test, filled as RAM is at power-on: with nothing to rely on.
#pragma once

#include "bareheap/core/region.hpp"

#include <cstdlib>
#include <cstring>

namespace bareheap::test {

class HostRegion {
 public:
  explicit HostRegion(std::size_t size, std::size_t alignment = 4096)
      : memory_(static_cast<std::byte*>(
            std::aligned_alloc(alignment, CheckedSize(size).aligned_up(alignment).value()))),
        size_(size) {
    std::memset(memory_, 0xA5, size);
  }
  HostRegion(const HostRegion&) = delete;
  HostRegion& operator=(const HostRegion&) = delete;
  ~HostRegion() { std::free(memory_); }

  Region region() const { return {memory_, size_}; }
  std::byte* start() const { return memory_; }

 private:
  std::byte* memory_;
  std::size_t size_;
};

}  // namespace bareheap::test
