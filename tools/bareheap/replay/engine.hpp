// SPDX-License-Identifier: MIT
// Makes a HeapKind of an engine or a stack of wrappers.
#pragma once

#include "heap_kind.hpp"
#include "laws.hpp"

#include "bareheap/core/operations.hpp"

namespace bareheap::tools::replay {

/// The loop's calls on an Allocator. The natural alignment is a constant, as it is in a program.
template <Allocator Heap, std::size_t Natural>
class Engine {
 public:
  explicit Engine(Heap& heap) : heap_(heap) {}

  [[gnu::always_inline]] void* allocate(const Step& step) { return heap_.allocate(Layout(step.size, Natural)).at; }
  [[gnu::always_inline]] void* allocate_zeroed(const Step& step) {
    return bareheap::allocate_zeroed(heap_, Layout(step.size, Natural)).at;
  }
  [[gnu::always_inline]] void* allocate_aligned(const Step& step) { return heap_.allocate(layout_of(step)).at; }
  [[gnu::always_inline]] void* reallocate(void* block, const Step& step) {
    return bareheap::reallocate(heap_, bytes(block), Layout(step.size, Natural), step.new_size).at;
  }
  [[gnu::always_inline]] void* reallocate_aligned(void* block, const Step& step) {
    return bareheap::reallocate(heap_, bytes(block), layout_of(step), step.new_size).at;
  }
  [[gnu::always_inline]] void deallocate(void* block, const Step& step) {
    heap_.deallocate(bytes(block), Layout(step.size, Natural));
  }
  [[gnu::always_inline]] void deallocate_aligned(void* block, const Step& step) {
    heap_.deallocate(bytes(block), layout_of(step));
  }

 private:
  static std::byte* bytes(void* block) { return static_cast<std::byte*>(block); }
  static Layout layout_of(const Step& step) { return Layout(step.size, step.alignment()); }

  Heap& heap_;
};

/// From here on the compiler must take it that others know the heap, as they do in a program.
template <class Heap>
void publish(Heap& heap) {
  asm volatile("" : : "r"(&heap) : "memory");
}

inline Pass run_steps(const Job& job, auto& calls) {
  const Step* const first = job.program.steps.data();
  return replay_until(job.deadline, Clock(), calls, first, first + job.program.steps.size(), job.blocks.data());
}

/// Does `work` on a fresh heap with the natural alignment of the program.
template <Allocator Heap, class Work>
Pass on_fresh_heap(const Job& job, Work work) {
  Heap heap;
  if (!heap.init(job.region)) return {.ending = Ending::region_too_small};
  publish(heap);
  return job.program.natural_alignment_log2 == 3 ? work(heap, Engine<Heap, 8>(heap))
                                                 : work(heap, Engine<Heap, 16>(heap));
}

template <Allocator Heap>
Pass run_engine(const Job& job) {
  return on_fresh_heap<Heap>(job, [&](Heap&, auto engine) { return run_steps(job, engine); });
}

template <Allocator Heap>
Pass count_engine(const Job& job, CallCosts& costs) {
  return on_fresh_heap<Heap>(job, [&](Heap&, auto engine) {
    Counting counting(engine, costs);
    return run_steps(job, counting);
  });
}

template <Allocator Heap>
Pass curve_of_engine(const Job& job, std::size_t samples, std::vector<Sample>& curve) {
  return on_fresh_heap<Heap>(job, [&](Heap& heap, auto engine) {
    const std::vector<Step>& steps = job.program.steps;
    Pass whole;
    for (std::size_t sample = 0; sample <= samples && whole.ending == Ending::complete; ++sample) {
      const std::size_t stop = steps.size() * sample / samples;
      const Step* const first = steps.data() + whole.steps;
      const Pass part = replay_until(job.deadline, Clock(), engine, first, steps.data() + stop, job.blocks.data());
      whole.ending = part.ending;
      whole.steps += part.steps;
      curve.push_back({whole.steps, job.program.live_bytes(whole.steps), statistics_of(heap)});
    }
    return whole;
  });
}

template <Allocator Heap>
Verdict laws_of_engine(const Job& job, std::size_t check_every) {
  Verdict verdict;
  verdict.pass = on_fresh_heap<Heap>(job, [&](Heap& heap, auto engine) {
    Lawful lawful(heap, engine, job.program, job.region, check_every);
    try {
      const Pass pass = run_steps(job, lawful);
      lawful.end(pass.steps, job.blocks);
      return pass;
    } catch (const LawBroken& broken) {
      verdict.broken = broken.what();
      return Pass{.ending = Ending::complete, .steps = lawful.steps()};
    }
  });
  return verdict;
}

template <Allocator Heap>
std::size_t taken_from_engine(Region region, Layout layout) {
  Heap heap;
  if (!heap.init(region)) return 0;
  const std::size_t before = statistics_of(heap).used_bytes;
  const Block block = heap.allocate(layout);
  return block ? statistics_of(heap).used_bytes - before : 0;
}

template <Allocator Heap>
std::size_t lendable_by_engine(Region region) {
  Heap heap;
  return heap.init(region) ? statistics_of(heap).free_bytes : 0;
}

template <Allocator Heap>
HeapKind engine_kind(std::string name) {
  return {.name = std::move(name),
          .object_bytes = sizeof(Heap),
          .run = run_engine<Heap>,
          .count = count_engine<Heap>,
          .curve = curve_of_engine<Heap>,
          .laws = laws_of_engine<Heap>,
          .taken = taken_from_engine<Heap>,
          .lendable = lendable_by_engine<Heap>};
}

}  // namespace bareheap::tools::replay
