// SPDX-License-Identifier: MIT
// A heap that refuses on purpose: request n, or all from request n on. It runs on the host and on a board; what it is
// for is support/out_of_memory_sweep.hpp.
#pragma once

#include "bareheap/core/allocator.hpp"

#include <cstddef>

namespace bareheap::test {

enum class Refusal : std::uint8_t {
  once,          ///< request n alone: what comes after must find all in order
  from_then_on,  ///< request n and every one after it: nothing helps any more
};

/// A request is a call of allocate(), or of resize() for a larger size. Refers to the heap that it asks.
template <Allocator Heap>
class FailNth {
 public:
  /// Counts and refuses nothing.
  constexpr explicit FailNth(Heap& heap) noexcept : heap_(&heap) {}

  /// Refuses request `number`, counted from 1 and from now; 0 refuses none.
  void refuse(std::size_t number, Refusal refusal = Refusal::once) noexcept {
    number_ = number;
    refusal_ = refusal;
    requests_ = refused_ = 0;
  }

  std::size_t requests() const noexcept { return requests_; }
  std::size_t refused() const noexcept { return refused_; }

  Block allocate(Layout asked) noexcept {
    if (refuses()) return {};
    return heap_->allocate(asked);
  }

  void deallocate(std::byte* at, Layout asked) noexcept { heap_->deallocate(at, asked); }

  bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    if (size > asked.size() && refuses()) return false;
    return heap_->resize(at, asked, size);
  }

  bool owns(const std::byte* at) const noexcept { return heap_->owns(const_cast<std::byte*>(at)); }
  std::size_t size_of(const std::byte* at) const noexcept
    requires SelfSizing<Heap>
  {
    return heap_->size_of(at);
  }
  void walk(ExtentSink sink) const noexcept { heap_->walk(sink); }
  [[nodiscard]] Fault check() const noexcept { return heap_->check(); }

 private:
  bool refuses() noexcept {
    ++requests_;
    const bool refused = refusal_ == Refusal::once ? requests_ == number_ : number_ != 0 && requests_ >= number_;
    if (refused) ++refused_;
    return refused;
  }

  Heap* heap_;
  std::size_t number_ = 0;
  Refusal refusal_ = Refusal::once;
  std::size_t requests_ = 0;
  std::size_t refused_ = 0;
};

}  // namespace bareheap::test
