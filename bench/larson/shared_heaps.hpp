// SPDX-License-Identifier: MIT
// The heaps that threads share: malloc, and every engine behind a lock.
#pragma once

#include "heaps.hpp"
#include "larson.hpp"

#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>
#include <thread>
#include <type_traits>

namespace bareheap::bench {

struct Malloc {
  std::byte* allocate(std::size_t size) { return static_cast<std::byte*>(std::malloc(size)); }
  void deallocate(std::byte* at, std::size_t) { std::free(at); }
};

/// A thread in place of a CPU. Who waits lets others run: the holder may have lost its CPU to the scheduler.
struct ThreadAsCpu {
  struct State {};

  static std::uint32_t cpu() noexcept { return thread_number; }
  static bool exclusives_work() noexcept { return true; }
  static void pause() noexcept { std::this_thread::yield(); }
  static State mask_interrupts() noexcept { return {}; }
  static void restore_interrupts(State) noexcept {}
};

/// An engine behind one lock, on a region that is large enough for 64 threads.
template <Allocator Engine>
class Shared {
 public:
  Shared() {
    if (!heap_.init({memory_.get(), size})) throw std::bad_alloc();
  }

  std::byte* allocate(std::size_t size) { return heap_.allocate(Layout(size, natural_alignment)).at; }
  void deallocate(std::byte* at, std::size_t size) { heap_.deallocate(at, Layout(size, natural_alignment)); }

 private:
  static constexpr std::size_t size = std::size_t{256} << 20;  // of which only what is used is supplied
  static constexpr std::size_t natural_alignment = 16;

  struct Freed {
    void operator()(std::byte* memory) const { ::operator delete[](memory, std::align_val_t{65536}); }
  };

  std::unique_ptr<std::byte[], Freed> memory_{new (std::align_val_t{65536}) std::byte[size]};
  Locked<Engine, SpinLock<ThreadAsCpu>> heap_;
};

/// Calls `visit.operator()<Heap>(name)` for each but Bump, which takes nothing back, and the small ones, which have no room.
void every_shared_heap(auto visit) {
  visit.template operator()<Malloc>("malloc");
  tools::replay::engines([&]<class... Engines>(tools::replay::Named<Engines>... named) {
    const auto each = [&]<class Engine>(tools::replay::Named<Engine> engine) {
      if constexpr (!std::is_same_v<Engine, Bump> && !std::is_same_v<Engine, SmallGranuleHeap> &&
                    !std::is_same_v<Engine, SmallRealTimeHeap>)
        visit.template operator()<Shared<Engine>>(engine.name);
    };
    (each(named), ...);
  });
}

}  // namespace bareheap::bench
