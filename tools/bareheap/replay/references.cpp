// SPDX-License-Identifier: MIT
// What is no heap, but shows what the loop costs.
#include "heaps.hpp"

#include "bareheap/core/bits.hpp"

#include <cstring>
#include <utility>

namespace bareheap::tools::replay {
namespace {

/// Answers always the same place, and does nothing: what is left is the loop. The compiler must not know the place,
/// else the loop would not ask whether there was room, nor that nobody looks at a block that is freed, else it would
/// not be read from its slot.
class EmptyHeap {
 public:
  explicit EmptyHeap(Region region) : place_(region.start) { asm volatile("" : "+r"(place_)); }

  [[gnu::always_inline]] void* allocate(const Step&) { return place_; }
  [[gnu::always_inline]] void* reallocate(void* block, const Step&) {
    asm volatile("" : : "r"(block));
    return place_;
  }
  [[gnu::always_inline]] void deallocate(void* block, const Step&) { asm volatile("" : : "r"(block)); }

 private:
  std::byte* place_;
};

/// A pointer that goes up, and starts again where the region ends: blocks are lent over others. A block grows by
/// moving.
class PointerHeap {
 public:
  explicit PointerHeap(Region region) : start_(region.start), next_(region.start), end_(region.end()) {}

  [[gnu::always_inline]] void* allocate(const Step& step) { return lend(step.size); }
  [[gnu::always_inline]] void* reallocate(void* block, const Step& step) {
    if (step.new_size <= step.size) return block;
    void* const moved = lend(step.new_size);
    if (moved == nullptr) return nullptr;
    std::memmove(moved, block, step.size);
    return moved;
  }
  [[gnu::always_inline]] void deallocate(void*, const Step&) {}

 private:
  [[gnu::always_inline]] std::byte* lend(std::size_t size) {
    const std::size_t rounded = align_down(size + 15, 16);
    if (static_cast<std::size_t>(end_ - next_) < rounded) [[unlikely]] {
      next_ = start_;
      if (static_cast<std::size_t>(end_ - start_) < rounded) return nullptr;
    }
    return std::exchange(next_, next_ + rounded);
  }

  std::byte* start_;
  std::byte* next_;
  std::byte* end_;
};

/// Every kind of call is one of three.
template <class Heap>
class Plain : public Heap {
 public:
  using Heap::Heap;

  [[gnu::always_inline]] void* allocate_zeroed(const Step& step) { return Heap::allocate(step); }
  [[gnu::always_inline]] void* allocate_aligned(const Step& step) { return Heap::allocate(step); }
  [[gnu::always_inline]] void* reallocate_aligned(void* block, const Step& step) {
    return Heap::reallocate(block, step);
  }
  [[gnu::always_inline]] void deallocate_aligned(void* block, const Step& step) { Heap::deallocate(block, step); }
};

Pass run_on(const Job& job, auto& heap) {
  const Step* const first = job.program.steps.data();
  return replay_until(job.deadline, Clock(), heap, first, first + job.program.steps.size(), job.blocks.data());
}

template <class Heap>
HeapKind reference(std::string name) {
  return {.name = std::move(name),
          .reference = true,
          .run =
              [](const Job& job) {
                Plain<Heap> heap(job.region);
                return run_on(job, heap);
              },
          .count =
              [](const Job& job, CallCosts& costs) {
                Plain<Heap> heap(job.region);
                Counting counting(heap, costs);
                return run_on(job, counting);
              }};
}

}  // namespace

std::vector<HeapKind> reference_kinds() {
  return {reference<EmptyHeap>(empty_loop), reference<PointerHeap>("bump-pointer")};
}

}  // namespace bareheap::tools::replay
