// SPDX-License-Identifier: MIT
// The heaps that threads share.
#pragma once

#include "bareheap/core/allocator.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace bareheap::bench {

struct Malloc {
  std::byte* allocate(std::size_t size) { return static_cast<std::byte*>(std::malloc(size)); }
  void deallocate(std::byte* at, std::size_t) { std::free(at); }
};

/// What a load costs without an allocator: memory of the thread, lent again and again.
class Empty {
 public:
  std::byte* allocate(std::size_t size) {
    std::byte* const at = &memory_[next_];
    next_ = (next_ + size) % end;
    return at;
  }

  void deallocate(std::byte*, std::size_t) {}

 private:
  static constexpr std::size_t end = std::size_t{32} << 10;

  inline static thread_local std::array<std::byte, end + 1024> memory_{};
  inline static thread_local std::size_t next_ = 0;
};

/// A heap for threads, on a region that is large enough for 16 of them and their stocks.
template <Allocator Heap>
class Shared {
 public:
  Shared() {
    if (!heap_.init({memory_.get(), size})) throw std::bad_alloc();
  }

  std::byte* allocate(std::size_t size) { return heap_.allocate(Layout(size, natural_alignment)).at; }
  void deallocate(std::byte* at, std::size_t size) { heap_.deallocate(at, Layout(size, natural_alignment)); }

  /// How often the lock was taken.
  std::uint64_t locks() const
    requires requires(const Heap& heap) { heap.times_locked(); }
  {
    return heap_.times_locked();
  }

 private:
  static constexpr std::size_t size = std::size_t{512} << 20;  // of which only what is used is supplied
  static constexpr std::size_t natural_alignment = 16;

  struct Freed {
    void operator()(std::byte* memory) const { ::operator delete[](memory, std::align_val_t{65536}); }
  };

  std::unique_ptr<std::byte[], Freed> memory_{new (std::align_val_t{65536}) std::byte[size]};
  Heap heap_;
};

}  // namespace bareheap::bench
