// SPDX-License-Identifier: MIT
//
// MemoryResource: a heap for the containers of std::pmr.
//
//     MemoryResource resource(heap);
//     std::pmr::vector<std::pmr::string> lines(&resource);
//
// No room: the program's out-of-memory handler, and where it gives up, a stop (core/allocate_or_stop.hpp); a container
// of pmr never sees null. Two resources are equal where they are the same object, even over one heap: without RTTI the
// type of the other cannot be known.
#pragma once

#include "bareheap/core/allocate_or_stop.hpp"
#include "bareheap/core/allocator_ref.hpp"

#include <cstddef>
#include <memory_resource>

namespace bareheap {

/// Refers to a heap, which must outlive it.
template <Allocator Heap>
class MemoryResource final : public std::pmr::memory_resource {
 public:
  explicit MemoryResource(Heap& heap) noexcept : heap_(heap) {}
  MemoryResource(const MemoryResource&) = delete;
  MemoryResource& operator=(const MemoryResource&) = delete;

 private:
  void* do_allocate(std::size_t size, std::size_t alignment) override {
    return allocate_or_stop(*heap_, Layout(size, alignment)).at;
  }

  void do_deallocate(void* at, std::size_t size, std::size_t alignment) override {
    (*heap_).deallocate(static_cast<std::byte*>(at), Layout(size, alignment));
  }

  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }

  HeapHandle<Heap> heap_;
};

}  // namespace bareheap
