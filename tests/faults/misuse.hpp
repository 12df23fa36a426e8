// SPDX-License-Identifier: MIT
// Everything that callers do wrong, each as one tiny program on a Scene, for any heap.
#pragma once

#include "bareheap/wrappers/locked.hpp"
#include "faults/scene.hpp"
#include "support/out_of_memory_handler.hpp"

#include <utility>
#include <vector>

namespace bareheap::faults {

template <class Heap>
struct Misuse {
  const char* name;
  void (*wrong)(Scene<Heap>& scene);  ///< null: this heap has no such call
};

/// Writes over memory that is not the caller's, behind the compiler's back.
inline void stray_write(std::byte* at, std::size_t size) {
  for (std::size_t offset = 0; offset < size; ++offset) static_cast<volatile std::byte*>(at)[offset] = std::byte{0xEE};
}

/// A free whose address the compiler does not see through: it would warn of what is wrong here on purpose.
template <class Heap>
void free_at(Scene<Heap>& scene, std::byte* at, Layout layout = Scene<Heap>::small) {
  std::byte* volatile hidden = at;
  scene.heap.deallocate(hidden, layout);
}

/// A free of a block that is live, `offset` bytes behind its start, or with another layout.
template <class Heap>
void free_wrongly(Scene<Heap>& scene, std::byte* block, std::size_t offset, Layout layout = Scene<Heap>::small) {
  scene.forget(block);
  free_at(scene, block + offset, layout);
}

inline std::byte foreign_memory[256];

/// A call of add(), for heaps that take more memory.
template <class Heap, class Offer>
constexpr auto add_of(Offer) -> void (*)(Scene<Heap>&) {
  if constexpr (requires(Heap & heap, Region region) { heap.add(region); }) {
    return [](Scene<Heap>& here) { here.answered(here.heap.add(Offer{}())); };
  } else {
    return nullptr;
  }
}

/// Of the region that the scene's heap has; the greatest address there is comes from the compiler's blind side.
inline Region reversed_region() { return Region::between(scene_memory + 2 * page, scene_memory + page); }
inline Region wrapping_region() { return {scene_memory + region_size, size_limit - page}; }

/// On a heap that has no region yet. Starts fresh.
template <class Heap>
std::vector<Misuse<Heap>> uses_before_init() {
  using Here = Scene<Heap>;
  return {
      {"allocate before init", [](Here& here) { here.answered(static_cast<bool>(here.heap.allocate(Here::small))); }},
      {"plain new before init", [](Here& here) { here.take_or_stop(Here::small); }},
      {"free before init", [](Here& here) { free_at(here, scene_memory + 64); }},
      {"add before init", add_of<Heap>([] { return Scene<Heap>::region(); })},
      {"init with 0 bytes",
       [](Here& here) {
         here.answered(here.heap.init({scene_memory, 0}));
       }},
      {"init with 8 bytes",
       [](Here& here) {
         here.answered(here.heap.init({scene_memory, 8}));
       }},
      {"init with a region whose end lies before its start",
       [](Here& here) { here.answered(here.heap.init(reversed_region())); }},
      {"init with a region beyond the last address",
       [](Here& here) { here.answered(here.heap.init(wrapping_region())); }},
  };
}

/// Regions for a heap that has one.
template <class Heap>
std::vector<Misuse<Heap>> second_regions() {
  using Here = Scene<Heap>;
  return {
      {"init again, with the same region", [](Here& here) { here.answered(here.heap.init(Here::region())); }},
      {"init again, with another region", [](Here& here) { here.answered(here.heap.init(Here::region_behind())); }},
      {"add of 0 bytes", add_of<Heap>([] {
         return Region{scene_memory + region_size, 0};
       })},
      {"add of 8 bytes", add_of<Heap>([] {
         return Region{scene_memory + region_size, 8};
       })},
      {"add of a region whose end lies before its start", add_of<Heap>([] { return reversed_region(); })},
      {"add of a region beyond the last address", add_of<Heap>([] { return wrapping_region(); })},
      {"add of the same region", add_of<Heap>([] { return Here::region(); })},
      {"add of two pages of the region", add_of<Heap>([] {
         return Region{scene_memory + 20 * page, 2 * page};
       })},
      {"add of a region whose first page is the heap's", add_of<Heap>([] {
         return Region{scene_memory + region_size - page, 4 * page};
       })},
  };
}

/// Blocks that are free already.
template <class Heap>
std::vector<Misuse<Heap>> double_frees() {
  using Here = Scene<Heap>;
  return {
      {"double free, at once",
       [](Here& here) {
         here.give_back(here.blocks[1]);
         free_at(here, here.blocks[1]);
       }},
      {"double free, after a neighbour's",
       [](Here& here) {
         here.give_back(here.blocks[1]);
         here.give_back(here.blocks[0]);
         free_at(here, here.blocks[1]);
       }},
      {"double free of a large block",
       [](Here& here) {
         here.give_back(here.large_block);
         free_at(here, here.large_block, Here::large);
       }},
      {"double free of an aligned block",
       [](Here& here) {
         here.give_back(here.aligned_block);
         free_at(here, here.aligned_block, Here::aligned);
       }},
      {"double free, its first words overwritten in between",
       [](Here& here) {
         here.give_back(here.blocks[1]);
         stray_write(here.blocks[1], 16);
         free_at(here, here.blocks[1]);
       }},
      {"resize of a freed block",
       [](Here& here) {
         here.give_back(here.blocks[1]);
         static_cast<void>(here.heap.resize(here.blocks[1], Here::small, 40));
       }},
  };
}

/// Addresses that were never lent.
template <class Heap>
std::vector<Misuse<Heap>> frees_of_others() {
  using Here = Scene<Heap>;
  return {
      {"free of static memory", [](Here& here) { free_at(here, foreign_memory + 16); }},
      {"free of the stack",
       [](Here& here) {
         alignas(16) std::byte local[64];
         free_at(here, local);
       }},
      {"free of an address in page 0", [](Here& here) { free_at(here, reinterpret_cast<std::byte*>(16)); }},
      {"free of an address that no processor has",
       [](Here& here) { free_at(here, reinterpret_cast<std::byte*>(std::size_t{0xdead} << 48)); }},
      {"free of memory that was never lent", [](Here& here) { free_at(here, Here::region().end() - 64); }},
      {"free of an inner address, 1 byte", [](Here& here) { free_wrongly(here, here.blocks[1], 1); }},
      {"free of an inner address, 8 bytes", [](Here& here) { free_wrongly(here, here.blocks[1], 8); }},
      {"free of an inner address, 16 bytes",
       [](Here& here) { free_wrongly(here, here.blocks[1], 16, Layout(32, 16)); }},
      {"free of the end of a block",
       [](Here& here) {
         here.give_back(here.blocks[2]);
         free_at(here, here.blocks[1] + 48);
       }},
  };
}

/// Blocks that were lent with another layout.
template <class Heap>
std::vector<Misuse<Heap>> wrong_layouts() {
  using Here = Scene<Heap>;
  return {
      {"free with a smaller size", [](Here& here) { free_wrongly(here, here.blocks[1], 0, Layout(16, 16)); }},
      {"free with a larger size", [](Here& here) { free_wrongly(here, here.blocks[1], 0, Layout(300, 16)); }},
      {"free of two neighbours as one",
       [](Here& here) {
         here.forget(here.blocks[1]);
         free_wrongly(here, here.blocks[0], 0, Layout(96, 16));
       }},
      {"free of a page of small blocks as a whole",
       [](Here& here) { free_at(here, here.blocks[0] - address_of(here.blocks[0]) % 4096, Layout(4096, 16)); }},
      {"free of a large block twice as large", [](Here& here) { free_at(here, here.large_block, Layout(10000, 16)); }},
      {"free of a large block as a small one", [](Here& here) { free_wrongly(here, here.large_block, 0); }},
      {"free with a greater alignment", [](Here& here) { free_wrongly(here, here.blocks[1], 0, Layout(48, 4096)); }},
  };
}

/// Writes that are wrong.
template <class Heap>
std::vector<Misuse<Heap>> wrong_writes() {
  using Here = Scene<Heap>;
  return {
      {"overflow by 1 byte", [](Here& here) { stray_write(here.blocks[0] + 48, 1); }},
      {"overflow by 8 bytes", [](Here& here) { stray_write(here.blocks[0] + 48, 8); }},
      {"overflow by 1 byte, freed then",
       [](Here& here) {
         stray_write(here.blocks[0] + 48, 1);
         here.give_back(here.blocks[0]);
       }},
      {"overflow into free memory by 64 bytes",
       [](Here& here) {
         here.give_back(here.blocks[1]);
         stray_write(here.blocks[0] + 48, 64);
       }},
      {"underflow by 8 bytes", [](Here& here) { stray_write(here.blocks[1] - 8, 8); }},
      {"underflow by 8 bytes, freed then",
       [](Here& here) {
         stray_write(here.blocks[1] - 8, 8);
         here.give_back(here.blocks[1]);
       }},
      {"write after free, first word",
       [](Here& here) {
         here.give_back(here.blocks[1]);
         stray_write(here.blocks[1], 8);
       }},
      {"write after free, a later word",
       [](Here& here) {
         here.give_back(here.blocks[1]);
         stray_write(here.blocks[1] + 24, 8);
       }},
      {"write after free, the whole block",
       [](Here& here) {
         here.give_back(here.blocks[1]);
         stray_write(here.blocks[1], 48);
       }},
  };
}

/// A stray write into a free block, where an engine may keep its list.
template <class Heap>
void damage(Scene<Heap>& here, std::size_t word, bool checks_first = true) {
  here.checks_first = checks_first;
  here.give_back(here.blocks[1]);
  static_cast<const void* volatile*>(static_cast<void*>(here.blocks[1]))[word] = here.blocks[2];
}

/// A damaged list, and what the program does next.
template <class Heap>
std::vector<Misuse<Heap>> damaged_lists() {
  using Here = Scene<Heap>;
  return {
      {"first word of a free block names a lent one, then check()", [](Here& here) { damage(here, 0); }},
      {"first word of a free block names a lent one, then allocations", [](Here& here) { damage(here, 0, false); }},
      {"first word of a free block names a lent one, then its neighbour is freed",
       [](Here& here) {
         damage(here, 0, false);
         here.give_back(here.blocks[0]);
       }},
      {"second word of a free block names a lent one, then check()", [](Here& here) { damage(here, 1); }},
      {"second word of a free block names a lent one, then allocations", [](Here& here) { damage(here, 1, false); }},
      {"second word of a free block names a lent one, then its neighbour is freed",
       [](Here& here) {
         damage(here, 1, false);
         here.give_back(here.blocks[0]);
       }},
      {"write after free, the whole block, then allocations",
       [](Here& here) {
         here.give_back(here.blocks[1]);
         stray_write(here.blocks[1], 48);
         here.checks_first = false;
       }},
  };
}

/// At the first free tile: there an engine may stand on its free list.
template <class Heap, class Act>
void act_once_in_a_walk(Scene<Heap>& here, Act act) {
  bool done = false;
  here.heap.walk([&](const Extent& tile) {
    if (tile.kind == ExtentKind::free && !std::exchange(done, true)) act();
  });
}

/// What the sink of a walk must not do.
template <class Heap>
std::vector<Misuse<Heap>> wrong_sinks() {
  using Here = Scene<Heap>;
  return {
      {"the sink of a walk allocates", [](Here& here) { act_once_in_a_walk(here, [&] { here.take(Here::small); }); }},
      {"the sink of a walk frees",
       [](Here& here) { act_once_in_a_walk(here, [&] { here.give_back(here.blocks[1]); }); }},
  };
}

/// Plain new on a full heap. `help` is the out-of-memory handler; it gets the block that was lent last, and which call
/// of it this is.
template <class Heap, class Help>
void run_out(Scene<Heap>& here, Help help) {
  constexpr Layout one_page(page, 16);
  std::byte* const last = here.fill_with(one_page);
  int call = 0;
  const test::WithHandler handler([&](Layout) { return help(here, last, ++call); });
  here.take_or_stop(one_page);
  here.answered(Ending::goes_on);
}

/// A right handler, which has one block to give.
template <class Heap>
OutOfMemory free_once(Scene<Heap>& here, std::byte* last, int call) {
  if (call != 1) return OutOfMemory::give_up;
  here.give_back(last);
  return OutOfMemory::try_again;
}

/// What the out-of-memory handler does, right and wrong.
template <class Heap>
std::vector<Misuse<Heap>> out_of_memory_handlers() {
  using Here = Scene<Heap>;
  return {
      {"the handler gives up",
       [](Here& here) { run_out(here, [](Here&, std::byte*, int) { return OutOfMemory::give_up; }); }},
      {"the handler frees a block", [](Here& here) { run_out(here, free_once<Heap>); }},
      {"the handler checks the heap, walks it and frees a block",
       [](Here& here) {
         run_out(here, [](Here& heap, std::byte* last, int call) {
           heap.heap.walk([](const Extent&) {});
           return heap.heap.check() == Fault::none ? free_once(heap, last, call) : OutOfMemory::give_up;
         });
       }},
      {"the handler allocates a small block, and gives up",
       [](Here& here) {
         run_out(here, [](Here& heap, std::byte*, int) {
           heap.take(Here::small);
           return OutOfMemory::give_up;
         });
       }},
      {"the handler finds no room itself, and frees a block",
       [](Here& here) {
         run_out(here, [](Here& heap, std::byte* last, int call) {
           heap.take(Layout(page, 16));
           return free_once(heap, last, call);
         });
       }},
      {"the handler runs out itself, by plain new",
       [](Here& here) {
         run_out(here, [](Here& heap, std::byte*, int) {
           heap.take_or_stop(Layout(page, 16));
           return OutOfMemory::try_again;
         });
       }},
      {"the handler frees a block twice",
       [](Here& here) {
         run_out(here, [](Here& heap, std::byte* last, int call) {
           free_once(heap, last, call);
           free_at(heap, last, Layout(page, 16));
           return OutOfMemory::try_again;
         });
       }},
      {"the handler frees static memory",
       [](Here& here) {
         run_out(here, [](Here& heap, std::byte*, int) {
           free_at(heap, foreign_memory + 16);
           return OutOfMemory::try_again;
         });
       }},
      {"the handler promises help for ever, and gives none",
       [](Here& here) { run_out(here, [](Here&, std::byte*, int) { return OutOfMemory::try_again; }); }},
  };
}

/// On the CPU that holds the guard.
template <class Heap, class Act>
void act_under_guard(Scene<Heap>& here, Act act) {
  const auto guard = here.heap.lock();
  act();
}

/// While the lock is held. For Locked heaps alone.
template <class Heap>
std::vector<Misuse<Heap>> wrong_locking() {
  using Here = Scene<Heap>;
  return {
      {"allocate while this CPU holds the guard",
       [](Here& here) { act_under_guard(here, [&] { here.take(Here::small); }); }},
      {"free while this CPU holds the guard",
       [](Here& here) { act_under_guard(here, [&] { here.give_back(here.blocks[1]); }); }},
      {"check() while this CPU holds the guard",
       [](Here& here) { act_under_guard(here, [&] { static_cast<void>(here.heap.check()); }); }},
      {"a second guard on the same CPU",
       [](Here& here) { act_under_guard(here, [&] { const auto second = here.heap.lock(); }); }},
      {"try_allocate while this CPU holds the guard",
       [](Here& here) {
         act_under_guard(here, [&] { here.answered(static_cast<bool>(here.heap.try_allocate(Here::small))); });
       }},
      {"use of a guard that try_lock() did not get",
       [](Here& here) { act_under_guard(here, [&] { static_cast<void>(here.heap.try_lock()->check()); }); }},
  };
}

}  // namespace bareheap::faults
