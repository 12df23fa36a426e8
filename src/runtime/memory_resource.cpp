// SPDX-License-Identifier: MIT
// std::pmr's resources but for the pools. The members with two underscores are libc++ 19's, which lays out the classes
// in its headers <__memory_resource/…>; what they mean is said where they are used.
#include <memory_resource>

#include <atomic>
#include <cstdint>
#include <new>

#include "runtime/runtime.hpp"

namespace {

class NewDeleteResource final : public std::pmr::memory_resource {
  void* do_allocate(std::size_t size, std::size_t alignment) override {
    if (alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) return ::operator new(size);
    return ::operator new (size, std::align_val_t{alignment});
  }

  void do_deallocate(void* at, std::size_t size, std::size_t alignment) override {
    if (alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) {
      ::operator delete(at, size);
    } else {
      ::operator delete (at, size, std::align_val_t{alignment});
    }
  }

  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

class NullResource final : public std::pmr::memory_resource {
  void* do_allocate(std::size_t, std::size_t) override {
    bareheap::runtime::fatal("std::pmr::null_memory_resource was asked for memory");
  }

  void do_deallocate(void*, std::size_t, std::size_t) override {}

  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

// They exist before any constructor runs and are never destroyed, so a static container may use them at any time.
[[clang::no_destroy]] constinit NewDeleteResource new_delete;
[[clang::no_destroy]] constinit NullResource null;
[[clang::no_destroy]] constinit std::atomic<std::pmr::memory_resource*> default_resource = &new_delete;

/// Takes the bytes off the high end of what lies between `start` and `end`, and moves `end`; nullptr where they do not
/// fit.
void* carve(char* start, char*& end, std::size_t size, std::size_t alignment) noexcept {
  if (start == nullptr || static_cast<std::size_t>(end - start) < size) return nullptr;
  const auto excess = reinterpret_cast<std::uintptr_t>(end - size) % alignment;
  if (static_cast<std::size_t>(end - start) - size < excess) return nullptr;
  end -= size + excess;
  return end;
}

}  // namespace

std::pmr::memory_resource::~memory_resource() = default;

std::pmr::memory_resource* std::pmr::new_delete_resource() noexcept { return &new_delete; }

std::pmr::memory_resource* std::pmr::null_memory_resource() noexcept { return &null; }

std::pmr::memory_resource* std::pmr::get_default_resource() noexcept {
  return default_resource.load(std::memory_order_acquire);
}

std::pmr::memory_resource* std::pmr::set_default_resource(std::pmr::memory_resource* resource) noexcept {
  return default_resource.exchange(resource != nullptr ? resource : &new_delete, std::memory_order_acq_rel);
}

/// __initial_ is the buffer that the resource was given: free from __start_ up to __cur_. Where it was given none,
/// __start_ is null and __size_ says how large the first chunk shall be. A chunk is the same, with its footer at its
/// high end, which names the chunk that was taken before.
void* std::pmr::monotonic_buffer_resource::do_allocate(std::size_t size, std::size_t alignment) {
  if (void* const found = carve(__initial_.__start_, __initial_.__cur_, size, alignment)) return found;
  if (__chunks_ != nullptr) {
    if (void* const found = carve(__chunks_->__start_, __chunks_->__cur_, size, alignment)) return found;
  }

  // Chunks double, so that their number grows with the logarithm of what is used ([mem.res.monotonic.buffer]).
  const std::size_t first = __initial_.__start_ != nullptr
                                ? static_cast<std::size_t>(__initial_.__end_ - __initial_.__start_)
                                : __initial_.__size_;
  const std::size_t wanted = __chunks_ != nullptr ? 2 * __chunks_->__allocation_size() : first;
  const std::size_t chunk_alignment = alignment > alignof(__chunk_footer) ? alignment : alignof(__chunk_footer);
  std::size_t needed = 0;
  if (__builtin_add_overflow(size, chunk_alignment + sizeof(__chunk_footer), &needed)) needed = SIZE_MAX / 2 + 1;
  const std::size_t capacity = needed > wanted ? needed : wanted;
  const std::size_t rounded =
      (capacity + alignof(__chunk_footer) - 1) / alignof(__chunk_footer) * alignof(__chunk_footer);

  auto* const start = static_cast<char*>(__res_->allocate(rounded, chunk_alignment));
  char* const end = start + rounded - sizeof(__chunk_footer);
  __chunks_ = ::new (end) __chunk_footer{__chunks_, start, end, chunk_alignment};
  return carve(start, __chunks_->__cur_, size, alignment);
}
