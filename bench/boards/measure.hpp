// SPDX-License-Identifier: MIT
// Runs a script on an engine and counts the instructions of each call.
#pragma once

#include "counter.hpp"
#include "script.hpp"

#include "bareheap/core/operations.hpp"
#include "bareheap/core/statistics.hpp"

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <utility>

namespace bareheap::bench {

/// All calls of one kind, refused ones included.
struct CallFigures {
  std::uint64_t calls = 0;
  std::uint64_t instructions = 0;
  std::uint64_t worst = 0;     ///< instructions of the dearest call
  std::uint64_t worst_at = 0;  ///< which operation of the script the first such call was
};

struct Figures {
  CallFigures kinds[call_kinds];
  std::uint64_t refused = 0;
  std::size_t largest_free = 0;  ///< bytes of the largest stretch of free memory after the last call

  void add(Call call, std::uint64_t instructions, std::uint64_t index) noexcept {
    CallFigures& kind = kinds[static_cast<std::size_t>(call)];
    ++kind.calls;
    kind.instructions += instructions;
    if (instructions <= kind.worst) return;
    kind.worst = instructions;
    kind.worst_at = index;
  }
};

struct Live {
  std::byte* at;
  Layout layout;
};

/// Where a run takes place.
struct Ground {
  Region region;             ///< the engine's memory
  std::span<Live> live;      ///< one for each slot
  std::uint64_t empty_read;  ///< what two readings of the counter with nothing between them are apart
};

// Each call in a function of its own: nothing of it is done before the first reading or after the second one, whatever
// of the engine is inlined.
template <class Heap>
[[gnu::noinline]] Block call_allocate(Heap& heap, Layout asked) noexcept {
  return heap.allocate(asked);
}

template <class Heap>
[[gnu::noinline]] void call_deallocate(Heap& heap, std::byte* at, Layout asked) noexcept {
  heap.deallocate(at, asked);
}

template <class Heap>
[[gnu::noinline]] Block call_reallocate(Heap& heap, std::byte* at, Layout asked, std::size_t size) noexcept {
  if constexpr (requires { heap.reallocate(at, asked, size); }) return heap.reallocate(at, asked, size);
  else return bareheap::reallocate(heap, at, asked, size);
}

template <class Action>
std::uint64_t counted(Action action) noexcept {
  const std::uint64_t start = counter();
  action();
  return counter() - start;
}

/// One operation on an engine. The answer is its instructions; `refused` becomes true where there was no room.
template <class Heap>
std::uint64_t run_one(Heap& heap, const Operation& operation, Live& live, bool& refused) noexcept {
  if (operation.call == Call::deallocate) {
    std::byte* const at = std::exchange(live.at, nullptr);
    return counted([&] { call_deallocate(heap, at, live.layout); });
  }
  const bool fresh = operation.call == Call::allocate;
  const Layout asked(operation.size, fresh ? std::size_t{1} << operation.alignment_log2 : live.layout.alignment());
  Block block;
  const std::uint64_t instructions =
      fresh ? counted([&] { block = call_allocate(heap, asked); })
            : counted([&] { block = call_reallocate(heap, live.at, live.layout, operation.size); });
  refused = !block;
  if (block) live = {block.at, asked};
  return instructions;
}

/// Makes a `Heap` over the ground's region and runs the script on it. Calls for a block that was refused are left out.
template <class Heap>
Figures run(std::span<const Operation> script, const Ground& ground) noexcept {
  alignas(Heap) static std::byte place[sizeof(Heap)];
  Heap& heap = *new (place) Heap();
  static_cast<void>(heap.init(ground.region));
  for (Live& live : ground.live) live.at = nullptr;
  Figures figures;
  for (std::size_t index = 0; index < script.size(); ++index) {
    const Operation& operation = script[index];
    Live& live = ground.live[operation.slot];
    if (operation.call != Call::allocate && live.at == nullptr) continue;
    bool refused = false;
    const std::uint64_t instructions = run_one(heap, operation, live, refused);
    figures.add(operation.call, instructions - ground.empty_read, index);
    figures.refused += refused;
  }
  if constexpr (Allocator<Heap>) figures.largest_free = statistics_of(heap).largest_free;
  else figures.largest_free = heap.largest_free();
  heap.~Heap();
  return figures;
}

}  // namespace bareheap::bench
