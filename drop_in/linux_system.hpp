// SPDX-License-Identifier: MIT
// What a heap of a Linux program asks of the kernel. No call of it allocates; all of them leave errno as it was, since
// a heap that succeeds in the end says nothing of what it tried before.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <sys/mman.h>
#include <time.h>

namespace bareheap::drop_in {

class LinuxSystem {
 public:
  static constexpr std::size_t page = 4096;

  /// Addresses without memory; null: refused.
  static std::byte* reserve(std::size_t size) noexcept {
    return mapped(::mmap, nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  }

  /// Makes reserved addresses memory, which is zero. False: refused.
  static bool commit(std::byte* at, std::size_t size) noexcept {
    const KeptError kept;
    return ::mprotect(at, size, PROT_READ | PROT_WRITE) == 0;
  }

  /// Zero memory of its own; null: refused.
  static std::byte* map(std::size_t size) noexcept {
    return mapped(::mmap, nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }

  /// Another size for memory that was mapped, at another address where need be; null: refused, and it is as it was.
  static std::byte* remap(std::byte* at, std::size_t before, std::size_t after) noexcept {
    return mapped(::mremap, at, before, after, MREMAP_MAYMOVE);
  }

  static bool unmap(std::byte* at, std::size_t size) noexcept {
    const KeptError kept;
    return ::munmap(at, size) == 0;
  }

  /// The pages become zero, and take no memory until they are written to.
  static bool give_back(std::byte* at, std::size_t size) noexcept {
    const KeptError kept;
    return ::madvise(at, size, MADV_DONTNEED) == 0;
  }

  /// Some milliseconds behind at most.
  static std::uint64_t milliseconds() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
  }

 private:
  class KeptError {
   public:
    KeptError() noexcept : error_(errno) {}
    KeptError(const KeptError&) = delete;
    KeptError& operator=(const KeptError&) = delete;
    ~KeptError() { errno = error_; }

   private:
    int error_;
  };

  template <class Call, class... Arguments>
  static std::byte* mapped(Call call, Arguments... arguments) noexcept {
    const KeptError kept;
    void* const at = call(arguments...);
    return at == MAP_FAILED ? nullptr : static_cast<std::byte*>(at);
  }
};

}  // namespace bareheap::drop_in
