// SPDX-License-Identifier: MIT
// The heap of the tests of CpuCached, and what they share.
#pragma once

#include "kernel/churn.hpp"
#include "kernel/runner.hpp"

#include "bareheap/bareheap.hpp"
#include "bareheap/wrappers/cpu_cached.hpp"
#include "ports/common/multiprocessor.hpp"

#include <cstdint>

namespace bareheap::kernel_test {

using CachedHeap = CpuCached<GranuleHeap, port::BoardMultiprocessor>;
extern CachedHeap cached_heap;

/// A new heap over `size` bytes, at most 8 MiB. No CPU may be using the one before.
void renew_heap(std::size_t size) noexcept;

/// All was freed: the heap looks as it did when it was new.
void expect_pristine(std::source_location place = std::source_location::current()) noexcept;

/// How many blocks of a Chain the heap had when it was new.
std::size_t blocks_when_new() noexcept;

/// Blocks of one size that hold each other: the first word of each is the address of the next.
class Chain {
 public:
  static constexpr Layout layout{256, 16};

  void take(std::size_t most) noexcept {
    for (Block block; most != 0 && (block = cached_heap.allocate(layout)); --most) {
      first_ = new (block.at) Link{first_};
      ++length_;
    }
  }

  void take_all() noexcept { take(~std::size_t{0}); }

  void give_all_back() noexcept {
    while (first_ != nullptr) {
      Link* const link = first_;
      first_ = link->next;
      cached_heap.deallocate(reinterpret_cast<std::byte*>(link), layout);
      --length_;
    }
  }

  std::size_t length() const noexcept { return length_; }

 private:
  struct Link {
    Link* next;
  };

  Link* first_ = nullptr;
  std::size_t length_ = 0;
};

/// For CPU 0 before others run.
void expect_one_cpu_needs_no_others();

/// For a crew that has started; CPUs that are done with the heap have left it.
void expect_cpus_leave_and_come_back();
void expect_called_cpus_hand_over();
void expect_masked_cpus_serve();
void expect_silent_cpus_stop_nobody();

/// Ends the kernel. The second free comes from this CPU, or from another one.
void free_twice_here() noexcept;
void free_twice_elsewhere() noexcept;

/// The handler of calls between CPUs.
void serve_heap() noexcept;

}  // namespace bareheap::kernel_test
