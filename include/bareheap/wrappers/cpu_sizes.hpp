// SPDX-License-Identifier: MIT
// How large a block is of those that are lent by a CpuCached heap: asked without the lock where that can be.
#pragma once

#include "bareheap/wrappers/cpu_forks.hpp"

namespace bareheap {

template <class Plain, Multiprocessor P, class Detection>
class CpuSizes : protected CpuForks<Plain, P, Detection> {
 protected:
  using Base = CpuForks<Plain, P, Detection>;
  using typename Base::View;
  using typename Base::Holding;
  using Base::is_direct;
  using Base::granule;
  using Base::layout_of;
  using Base::heap_;
  using Base::threads_;
  using Base::is_nested;

  std::size_t size_of(const std::byte* at) const noexcept {
    if (const std::size_t size = length_seen(at); size != 0) return size * granule;
    if (is_nested()) return heap_.size_of(at);
    const Holding held(*this, caller_here());
    return heap_.size_of(at);
  }

  [[gnu::always_inline]] std::size_t size_of(const std::byte* at, const void* caller) const noexcept
    requires(is_direct)
  {
    if (const std::size_t size = length_seen(at); size != 0) [[likely]] return size * granule;
    return size_of_hardly(at, caller);
  }

  // Without the lock: granules of the block that is lent here; 0: it is not certain that there is one.
  std::size_t length_seen(const std::byte* at) const noexcept {
    if constexpr (is_direct) {
      const View view = heap_.view();
      return threads_.changes.look([&]() noexcept { return view.lent_length(view.number_of(at)); });
    }
    return 0;
  }

 private:
  [[gnu::noinline]] std::size_t size_of_hardly(const std::byte* at, const void* caller) const noexcept
    requires(is_direct)
  {
    std::size_t size = 0;
    Fault fault = Fault::none;
    if (is_nested()) {
      fault = look_up(at, size);
    } else {
      const Holding held(*this, caller);
      fault = look_up(at, size);
    }
    if (fault != Fault::none) [[unlikely]] panic({.fault = fault, .address = at, .caller = caller});
    return size * granule;
  }

  Fault look_up(const std::byte* at, std::size_t& size) const noexcept
    requires(is_direct)
  {
    const Fault fault = heap_.fault_in(at, layout_of(1));
    const bool is_lent = fault == Fault::none || fault == Fault::wrong_layout;
    if (is_lent) size = heap_.size_of(at) / granule;
    return is_lent ? Fault::none : fault;
  }
};

}  // namespace bareheap
