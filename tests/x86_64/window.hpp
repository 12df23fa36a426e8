// SPDX-License-Identifier: MIT
// Addresses of the host that stand for a window of the machine's: what is mapped in the tables can be read and written,
// and what is not ends the test.
#pragma once

#include "ports/x86_64/mapped_heap.hpp"
#include "x86_64/host_frames.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace bareheap::x86_64::test {

class Window {
 public:
  explicit Window(std::size_t pages, bool usable = false) : size_(pages * page_size) {
    const int access = usable ? PROT_READ | PROT_WRITE : PROT_NONE;
    void* const start = mmap(nullptr, size_, access, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(start, MAP_FAILED);
    start_ = static_cast<std::byte*>(start);
  }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;
  ~Window() { munmap(start_, size_); }

  std::byte* start() const { return start_; }
  Region region() const { return {start_, size_}; }

 private:
  std::byte* start_;
  std::size_t size_;
};

/// A Mapper whose pages, where they are the host's own, become usable and unusable with it. A new page holds anything.
class ProtectingMapper {
 public:
  ProtectingMapper(std::byte* root, HostFrames& frames) : mapper_(root, frames) {}

  MapFault map(std::uintptr_t page, const std::byte* frame, Access access) noexcept {
    const MapFault fault = mapper_.map(page, frame, access);
    if (fault != MapFault::none) return fault;
    void* const start = reinterpret_cast<void*>(page);
    if (mprotect(start, page_size, PROT_READ | PROT_WRITE) == 0) std::memset(start, 0xA5, page_size);
    return fault;
  }

  std::byte* unmap(std::uintptr_t page) noexcept {
    std::byte* const frame = mapper_.unmap(page);
    if (frame != nullptr) mprotect(reinterpret_cast<void*>(page), page_size, PROT_NONE);
    return frame;
  }

  std::optional<std::uintptr_t> translate(std::uintptr_t address) const noexcept { return mapper_.translate(address); }

 private:
  HostMapper mapper_;
};

static_assert(PageMapper<ProtectingMapper>);

}  // namespace bareheap::x86_64::test
