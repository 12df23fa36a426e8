// SPDX-License-Identifier: MIT
// Everything that callers do wrong, each as one tiny program on a heap with some traffic, for any heap.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "faults/outcome.hpp"

#include <cstring>
#include <utility>
#include <vector>

namespace bareheap::faults {

/// A heap in use: three neighbours of one size, a large block and an aligned one, each filled with a byte of its own.
template <class Heap>
class Scene {
 public:
  static constexpr std::size_t region_size = std::size_t{32} * 4096;
  static constexpr Layout small{48, 16};
  static constexpr Layout large{5000, 16};
  static constexpr Layout aligned{64, 256};

  Scene() {
    std::memset(region().start, 0xA5, region_size);
    static_cast<void>(heap.init(region()));
    for (std::byte*& block : blocks) block = take(small);
    large_block = take(large);
    aligned_block = take(aligned);
  }

  static Region region() {
    alignas(4096) static std::byte memory[region_size];
    return {memory, region_size};
  }

  std::byte* take(Layout layout) {
    const Block block = heap.allocate(layout);
    if (block) std::memset(block.at, fill_of(live_.size()), layout.size());
    if (block) live_.emplace_back(block.at, layout);
    return block.at;
  }

  /// A right free: the block is no longer the program's.
  void give_back(std::byte* at) {
    for (auto& [block, layout] : live_) {
      if (block != at) continue;
      heap.deallocate(at, layout);
      block = nullptr;
    }
  }

  /// What a wrong program no longer minds: the block may be changed or lent.
  void forget(const std::byte* at) {
    for (auto& live : live_) {
      if (live.first == at) live.first = nullptr;
    }
  }

  /// Fills the heap with blocks of all sizes, and looks whether any was lent twice or any byte of the program changed.
  Aftermath aftermath() {
    const Fault found = heap.check();
    if (found != Fault::none) return {found, true};
    for (const std::size_t size : {48u, 64u, 200u, 5000u, 16u}) {
      while (live_.size() < 2000 && take(Layout(size, 16)) != nullptr) {
      }
    }
    if (!is_intact()) return {Fault::none, false};
    for (std::size_t index = live_.size(); index-- != 0;) give_back(live_[index].first);
    return {heap.check(), true};
  }

  Heap heap;
  std::byte* blocks[3] = {};
  std::byte* large_block = nullptr;
  std::byte* aligned_block = nullptr;

 private:
  static unsigned char fill_of(std::size_t number) { return static_cast<unsigned char>(number * 7 + 1); }

  bool is_intact() const {
    for (std::size_t number = 0; number < live_.size(); ++number) {
      const auto& [block, layout] = live_[number];
      for (std::size_t offset = 0; block != nullptr && offset < layout.size(); ++offset) {
        if (block[offset] != std::byte{fill_of(number)}) return false;
      }
    }
    return true;
  }

  std::vector<std::pair<std::byte*, Layout>> live_;
};

template <class Heap>
struct Misuse {
  const char* name;
  void (*wrong)(Scene<Heap>& scene);
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

inline std::byte foreign_memory[256];

/// Frees that are wrong.
template <class Heap>
std::vector<Misuse<Heap>> wrong_frees() {
  using Here = Scene<Heap>;
  return {
      {"double free, at once", [](Here& here) { here.give_back(here.blocks[1]); free_at(here, here.blocks[1]); }},
      {"double free, after a neighbour's",
       [](Here& here) { here.give_back(here.blocks[1]); here.give_back(here.blocks[0]); free_at(here, here.blocks[1]); }},
      {"double free of a large block",
       [](Here& here) { here.give_back(here.large_block); free_at(here, here.large_block, Here::large); }},
      {"double free of an aligned block",
       [](Here& here) { here.give_back(here.aligned_block); free_at(here, here.aligned_block, Here::aligned); }},
      {"double free, its first words overwritten in between",
       [](Here& here) { here.give_back(here.blocks[1]); stray_write(here.blocks[1], 16); free_at(here, here.blocks[1]); }},
      {"free of static memory", [](Here& here) { free_at(here, foreign_memory + 16); }},
      {"free of the stack", [](Here& here) { alignas(16) std::byte local[64]; free_at(here, local); }},
      {"free of an address in page 0", [](Here& here) { free_at(here, reinterpret_cast<std::byte*>(16)); }},
      {"free of an address that no processor has",
       [](Here& here) { free_at(here, reinterpret_cast<std::byte*>(std::size_t{0xdead} << 48)); }},
      {"free of memory that was never lent", [](Here& here) { free_at(here, Here::region().end() - 64); }},
      {"free of an inner address, 1 byte", [](Here& here) { here.forget(here.blocks[1]); free_at(here, here.blocks[1] + 1); }},
      {"free of an inner address, 8 bytes", [](Here& here) { here.forget(here.blocks[1]); free_at(here, here.blocks[1] + 8); }},
      {"free of an inner address, 16 bytes",
       [](Here& here) { here.forget(here.blocks[1]); free_at(here, here.blocks[1] + 16, Layout(32, 16)); }},
      {"free of the end of a block",
       [](Here& here) { here.give_back(here.blocks[2]); free_at(here, here.blocks[1] + 48); }},
      {"free with a smaller size", [](Here& here) { here.forget(here.blocks[1]); free_at(here, here.blocks[1], Layout(16, 16)); }},
      {"free with a larger size", [](Here& here) { free_at(here, here.blocks[1], Layout(300, 16)); }},
      {"free of two neighbours as one", [](Here& here) { free_at(here, here.blocks[0], Layout(96, 16)); }},
      {"free of a page of small blocks as a whole",
       [](Here& here) { free_at(here, here.blocks[0] - address_of(here.blocks[0]) % 4096, Layout(4096, 16)); }},
      {"free of a large block twice as large", [](Here& here) { free_at(here, here.large_block, Layout(10000, 16)); }},
      {"free of a large block as a small one", [](Here& here) { here.forget(here.large_block); free_at(here, here.large_block); }},
      {"free with a greater alignment", [](Here& here) { free_at(here, here.blocks[1], Layout(48, 4096)); }},
      {"resize of a freed block",
       [](Here& here) { here.give_back(here.blocks[1]); static_cast<void>(here.heap.resize(here.blocks[1], Here::small, 40)); }},
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
       [](Here& here) { stray_write(here.blocks[0] + 48, 1); here.give_back(here.blocks[0]); }},
      {"overflow into free memory by 64 bytes",
       [](Here& here) { here.give_back(here.blocks[1]); stray_write(here.blocks[0] + 48, 64); }},
      {"underflow by 8 bytes", [](Here& here) { stray_write(here.blocks[1] - 8, 8); }},
      {"underflow by 8 bytes, freed then",
       [](Here& here) { stray_write(here.blocks[1] - 8, 8); here.give_back(here.blocks[1]); }},
      {"write after free, first word", [](Here& here) { here.give_back(here.blocks[1]); stray_write(here.blocks[1], 8); }},
      {"write after free, a later word", [](Here& here) { here.give_back(here.blocks[1]); stray_write(here.blocks[1] + 24, 8); }},
      {"write after free, the whole block", [](Here& here) { here.give_back(here.blocks[1]); stray_write(here.blocks[1], 48); }},
  };
}

}  // namespace bareheap::faults
