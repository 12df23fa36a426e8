// SPDX-License-Identifier: MIT
// The load of Larson and Krishnan ("Memory allocation for long-running server applications", ISMM 1998): threads that
// replace blocks of theirs by chance, end, and leave their blocks to a thread that comes later.
//
//     waiting  [ blocks | blocks | blocks ]     one more than there are threads, so blocks go round among all of them
//                 ^            |
//                 `-- ends -- thread -- replaces some thousand of them
#pragma once

#include "lent.hpp"
#include "quick_chance.hpp"

#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace bareheap::bench {

template <class Heap>
class Larson {
 public:
  static constexpr std::size_t blocks_of_a_thread = 1000;
  static constexpr std::size_t generations = 20;  ///< of threads that follow each other

  Larson(Heap& heap, std::uint32_t threads) : heap_(heap) {
    for (std::uint32_t count = 0; count <= threads; ++count) waiting_.push_back(filled(count));
  }

  ~Larson() {
    for (const std::vector<Lent>& blocks : waiting_) {
      for (const Lent& block : blocks) take_back(heap_, block);
    }
  }

  Larson(const Larson&) = delete;
  Larson& operator=(const Larson&) = delete;

  /// Threads one after the other; this one only waits for them.
  std::uint64_t work(std::uint32_t thread, std::size_t steps) {
    const std::size_t replacements = steps / generations + 1;
    for (std::size_t generation = 0; generation < generations; ++generation) {
      std::jthread([this, replacements, seed = generation << 32 | thread] {
        std::vector<Lent> blocks = taken();
        replace(blocks, replacements, seed);
        give(std::move(blocks));
      });
    }
    return 2 * generations * replacements;
  }

 private:
  static std::uint32_t any_size(QuickChance& chance) { return chance.between(8, 1000); }

  std::vector<Lent> filled(std::uint64_t seed) {
    QuickChance chance(seed);
    std::vector<Lent> blocks(blocks_of_a_thread);
    for (Lent& block : blocks) block = lend(heap_, any_size(chance));
    return blocks;
  }

  void replace(std::vector<Lent>& blocks, std::size_t replacements, std::uint64_t seed) {
    QuickChance chance(seed);
    for (std::size_t count = 0; count < replacements; ++count) {
      Lent& block = blocks[chance.below(static_cast<std::uint32_t>(blocks.size()))];
      take_back(heap_, block);
      block = lend(heap_, any_size(chance));
    }
  }

  std::vector<Lent> taken() {
    const std::lock_guard guard(mutex_);
    std::vector<Lent> blocks = std::move(waiting_.front());
    waiting_.pop_front();
    return blocks;
  }

  void give(std::vector<Lent> blocks) {
    const std::lock_guard guard(mutex_);
    waiting_.push_back(std::move(blocks));
  }

  Heap& heap_;
  std::mutex mutex_;
  std::deque<std::vector<Lent>> waiting_;
};

}  // namespace bareheap::bench
