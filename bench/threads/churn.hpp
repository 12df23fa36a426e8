// SPDX-License-Identifier: MIT
// Threads that replace blocks of theirs by chance: three of four times one of a few, which so live short, else one of
// many. Where they share, each fourth new block changes places with one in an array of all threads, which is freed:
// with two threads every second of these was another one's.
//
//     thread 0  | few |      many       |---.
//                                           |--> | shared blocks |
//     thread 1  | few |      many       |---'
#pragma once

#include "lent.hpp"
#include "quick_chance.hpp"

#include <array>
#include <atomic>
#include <cstring>
#include <utility>
#include <vector>

namespace bareheap::bench {

enum class Sharing : bool { no, yes };

template <class Heap, Sharing sharing>
class Mixture {
 public:
  Mixture(Heap& heap, std::uint32_t threads) : heap_(heap), own_(threads) {
    for (std::uint32_t thread = 0; thread < threads; ++thread) own_[thread].chance = QuickChance(thread);
  }

  ~Mixture() {
    for (const Own& own : own_) {
      for (const Lent& block : own.blocks) take_back(heap_, block);
    }
    for (std::atomic<std::byte*>& place : shared_) take_back(heap_, read(place.load()));
  }

  Mixture(const Mixture&) = delete;
  Mixture& operator=(const Mixture&) = delete;

  std::uint64_t work(std::uint32_t thread, std::size_t steps) {
    Own& own = own_[thread];
    QuickChance chance = own.chance;
    std::uint64_t calls = 0;
    for (std::size_t step = 0; step < steps; ++step) {
      Lent old;
      if (sharing == Sharing::yes && chance.below(4) == 0) {
        old = exchanged(chance);
      } else {
        Lent& place = own.blocks[chance.below(4) != 0 ? chance.below(few) : chance.between(few, few + many - 1)];
        old = std::exchange(place, lend(heap_, any_size(chance)));
      }
      take_back(heap_, old);
      calls += old.at != nullptr ? 2 : 1;
    }
    own.chance = chance;
    return calls;
  }

 private:
  static constexpr std::uint32_t few = 64;
  static constexpr std::uint32_t many = 960;
  static constexpr std::uint32_t places = 1024;

  struct alignas(64) Own {
    QuickChance chance{0};
    std::array<Lent, few + many> blocks{};
  };

  // Alone: mostly small, as in programs.
  static std::uint32_t any_size(QuickChance& chance) {
    return sharing == Sharing::yes ? chance.between(8, 1000) : 8 + chance.below(8U << chance.below(7));
  }

  // The size of a shared block stands in it. Release and acquire: who takes the block out reads it.
  Lent exchanged(QuickChance& chance) {
    const Lent block = lend(heap_, any_size(chance));
    std::memcpy(block.at, &block.size, sizeof block.size);
    return read(shared_[chance.below(places)].exchange(block.at, std::memory_order_acq_rel));
  }

  static Lent read(std::byte* at) {
    Lent block{at};
    if (at != nullptr) std::memcpy(&block.size, at, sizeof block.size);
    return block;
  }

  Heap& heap_;
  std::vector<Own> own_;
  std::array<std::atomic<std::byte*>, places> shared_{};
};

template <class Heap>
using Churn = Mixture<Heap, Sharing::yes>;

/// Nothing is shared but the heap.
template <class Heap>
using Alone = Mixture<Heap, Sharing::no>;

}  // namespace bareheap::bench
