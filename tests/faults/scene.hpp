// SPDX-License-Identifier: MIT
// Where a wrong program does its one wrong thing: a heap, the blocks that are lent, and what is looked at afterwards.
#pragma once

#include "bareheap/core/allocate_or_stop.hpp"
#include "bareheap/core/allocator.hpp"
#include "bareheap/engines/null_heap.hpp"
#include "faults/outcome.hpp"

#include <cstring>
#include <utility>
#include <vector>

namespace bareheap::faults {

/// What a trial finds when it begins.
enum class Start : unsigned char {
  fresh,   ///< a heap without a region
  in_use,  ///< three neighbours of one size, a large block and an aligned one, each filled with a byte of its own
};

inline constexpr std::size_t page = 4096;
inline constexpr std::size_t region_size = 32 * page;

/// The memory of the one scene that is on at a time, with eight pages behind the region.
alignas(page) inline std::byte scene_memory[region_size + 8 * page];

template <class Heap>
class Scene {
 public:
  static constexpr Layout small{48, 16};
  static constexpr Layout large{5000, 16};
  static constexpr Layout aligned{64, 256};

  explicit Scene(Start start) {
    std::memset(scene_memory, 0xA5, sizeof scene_memory);
    if (start == Start::fresh) return;
    give_region();
    for (std::byte*& block : blocks) block = take(small);
    large_block = take(large);
    aligned_block = take(aligned);
  }

  static Region region() { return {scene_memory, region_size}; }
  static Region region_behind() { return {scene_memory + region_size, 8 * page}; }

  std::byte* take(Layout layout) { return note(heap.allocate(layout).at, layout); }

  /// As plain new does it.
  std::byte* take_or_stop(Layout layout) { return note(allocate_or_stop(heap, layout).at, layout); }

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

  /// Takes blocks until there is no room for another; the last one.
  std::byte* fill_with(Layout layout) {
    std::byte* last = nullptr;
    while (live_.size() < most_blocks) {
      std::byte* const at = take(layout);
      if (at == nullptr) break;
      last = at;
    }
    return last;
  }

  /// What the wrong call answered, where it did not stop.
  void answered(Ending ending, Fault fault = Fault::none) { answer_ = {ending, fault}; }
  void answered(const Admission& admission) { answered(admission ? Ending::taken : Ending::refused, admission.fault); }
  void answered(bool granted) { answered(granted ? Ending::taken : Ending::refused); }

  /// The right calls that follow: fills the heap with blocks of all sizes, and looks whether any was lent twice or any
  /// byte of the program changed.
  Outcome aftermath() {
    if (const Fault fault = checks_first ? heap.check() : Fault::none; fault != Fault::none) {
      return {Ending::found_by_check, fault};
    }
    if (!has_region_ && answer_.ending != Ending::taken && !give_region() && takes_memory) return {Ending::harm};
    for (const std::size_t size : {48u, 64u, 200u, 5000u, 16u}) fill_with(Layout(size, 16));
    if (!is_intact()) return {Ending::harm};
    for (std::size_t index = live_.size(); index-- != 0;) give_back(live_[index].first);
    if (const Fault fault = heap.check(); fault != Fault::none) return {Ending::found_by_check, fault};
    return answer_;
  }

  Heap heap;
  std::byte* blocks[3] = {};
  std::byte* large_block = nullptr;
  std::byte* aligned_block = nullptr;
  bool checks_first = true;  ///< false: nobody calls check() before the heap is used on

 private:
  static constexpr std::size_t most_blocks = 2000;
  static constexpr bool takes_memory = !std::same_as<Heap, NullHeap>;

  static unsigned char fill_of(std::size_t number) { return static_cast<unsigned char>(number * 7 + 1); }

  bool give_region() {
    if constexpr (requires { heap.first(); }) {  // two heaps: half for each
      has_region_ =
          heap.init({scene_memory, region_size / 2}) && heap.add({scene_memory + region_size / 2, region_size / 2});
    } else {
      has_region_ = static_cast<bool>(heap.init(region()));
    }
    return has_region_;
  }

  std::byte* note(std::byte* at, Layout layout) {
    if (at == nullptr) return nullptr;
    std::memset(at, fill_of(live_.size()), layout.size());
    live_.emplace_back(at, layout);
    return at;
  }

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
  Outcome answer_{Ending::harmless};
  bool has_region_ = false;
};

}  // namespace bareheap::faults
