// SPDX-License-Identifier: MIT
// The measuring loop, and the calls that it makes. It needs no library: the program that measures other allocators is
// built from it too, also for a C library of its own.
//
//     steps   | allocate 24, slot 0 | allocate 100, slot 1 | deallocate slot 0 | …      16 bytes each
//     blocks  [ slot 0 -> block | slot 1 -> block | … ]                                 where each slot's block is
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace bareheap::tools::replay {

/// Kinds of calls. Those without "aligned" are about the natural alignment of the trace.
enum class Call : uint8_t {
  allocate,
  deallocate,
  reallocate,  // a resize in place is one too: what refuses it has to move the block
  allocate_zeroed,
  allocate_aligned,
  deallocate_aligned,
  reallocate_aligned,
};
inline constexpr size_t call_kinds = 7;

/// One call. No size is 0: a request for nothing is one for a byte.
struct Step {
  uint32_t size;      ///< bytes: asked for by an allocation, else those that the block has
  uint32_t new_size;  ///< of a reallocation
  uint32_t slot;
  Call call;
  uint8_t alignment_log2;
  uint16_t unused;

  size_t alignment() const { return size_t{1} << alignment_log2; }
};
static_assert(sizeof(Step) == 16);

/// The program uses a new block: its first byte is written.
[[gnu::always_inline]] inline void touch(void* block) { *static_cast<volatile char*>(block) = 1; }

/// The calls that are rare in most programs; a branch more.
template <class Heap>
[[gnu::always_inline]] inline void* ask(Heap& heap, void* block, const Step& step) {
  switch (step.call) {
    case Call::reallocate: return heap.reallocate(block, step);
    case Call::allocate_zeroed: return heap.allocate_zeroed(step);
    case Call::allocate_aligned: return heap.allocate_aligned(step);
    default: return heap.reallocate_aligned(block, step);
  }
}

/// Makes the calls from `step` up to `end`. Answers `end`, or the call for which there was no room. This is what is
/// timed; an empty heap in it shows its own share.
template <class Heap>
[[gnu::noinline]] const Step* replay(Heap& heap, const Step* step, const Step* end, void** blocks) {
  for (; step != end; ++step) {
    void*& block = blocks[step->slot];
    void* lent;
    if (step->call == Call::allocate) {
      lent = heap.allocate(*step);
    } else if (step->call == Call::deallocate) {
      heap.deallocate(block, *step);
      continue;
    } else if (step->call == Call::deallocate_aligned) {
      heap.deallocate_aligned(block, *step);
      continue;
    } else {
      lent = ask(heap, block, *step);
    }
    if (lent == nullptr) return step;
    touch(lent);
    block = lent;
  }
  return end;
}

/// How a replay ended.
enum class Ending : uint32_t {
  complete,
  no_room,           ///< a call was refused
  too_long,          ///< the time that it was given was over
  region_too_small,  ///< the heap did not take the region
};

/// A replay and what it took.
struct Pass {
  Ending ending = Ending::complete;
  uint64_t steps = 0;         ///< calls made, without the refused one
  uint64_t nanoseconds = 0;   ///< of the CPU, for all calls; init, and what is done between passes, are not in it
  uint64_t instructions = 0;  ///< the same in instructions, under the tool that counts them; else 0
};

/// Runs the loop in pieces, so that a slow heap can be given up: between two of them the clock is read, which is less
/// than a hundredth of a nanosecond for a call. `Clock` has now() and used(), in nanoseconds, and instructions().
template <class Heap, class Clock>
Pass replay_until(uint64_t deadline, const Clock& clock, Heap& heap, const Step* first, const Step* end,
                  void** blocks) {
  constexpr ptrdiff_t piece = 4096;
  Pass pass;
  const uint64_t counted = clock.instructions();
  const uint64_t used = clock.used();
  uint64_t now = clock.now();
  const Step* step = first;
  while (step != end && now < deadline) {
    const Step* const stop = end - step > piece ? step + piece : end;
    const Step* const reached = replay(heap, step, stop, blocks);
    now = clock.now();
    step = reached;
    if (reached != stop) {
      pass.ending = Ending::no_room;
      break;
    }
  }
  pass.nanoseconds = clock.used() - used;
  pass.instructions = clock.instructions() - counted;
  if (step != end && pass.ending == Ending::complete) pass.ending = Ending::too_long;
  pass.steps = static_cast<uint64_t>(step - first);
  return pass;
}

}  // namespace bareheap::tools::replay
