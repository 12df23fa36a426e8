// SPDX-License-Identifier: MIT
// The load of Larson and Krishnan ("Memory allocation for long-running server applications", ISMM 1998): threads that
// replace blocks of theirs by chance, end, and leave their blocks to a thread that comes later.
//
//     waiting  [ blocks | blocks | blocks ]     one more than there are threads, so blocks go round among all of them
//                 ^            |
//                 `-- ends -- thread -- replaces some thousand of them
#pragma once

#include "chance.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace bareheap::bench {

/// The number of the calling thread, from 0; no two that live have the same one.
inline thread_local std::uint32_t thread_number = 0;

struct Server {
  std::size_t blocks = 1000;  ///< of each thread
  std::size_t least_size = 8;
  std::size_t largest_size = 1000;
  std::size_t generations = 20;       ///< threads that follow each other
  std::size_t replacements = 50'000;  ///< of each
};

/// `Heap` has allocate(size) and deallocate(at, size), for several threads.
template <class Heap>
class Larson {
 public:
  Larson(Heap& heap, const Server& server, std::uint32_t threads) : heap_(heap), server_(server), threads_(threads) {
    for (std::uint32_t count = 0; count <= threads; ++count) waiting_.push_back(filled(count));
  }

  /// Runs the load to its end. Throws where the heap refused a block.
  void run() {
    std::vector<std::jthread> lines;
    for (std::uint32_t number = 1; number <= threads_; ++number) lines.emplace_back([this, number] { line(number); });
    lines.clear();
    if (refused_) throw std::runtime_error("the heap has no room for the load");
  }

  void free_everything() {
    for (std::vector<Live>& blocks : waiting_) {
      for (const Live& live : blocks) heap_.deallocate(live.at, live.size);
    }
    waiting_.clear();
  }

 private:
  struct Live {
    std::byte* at;
    std::size_t size;
  };

  std::size_t any_size(Chance& chance) const { return chance.between(server_.least_size, server_.largest_size); }

  Live lent(std::size_t size) {
    std::byte* const at = heap_.allocate(size);
    if (at == nullptr)
      refused_ = true;
    else
      *static_cast<volatile std::byte*>(at) = std::byte{1};
    return {at, size};
  }

  std::vector<Live> filled(std::uint64_t seed) {
    Chance chance(seed);
    std::vector<Live> blocks;
    for (std::size_t count = 0; count < server_.blocks; ++count) blocks.push_back(lent(any_size(chance)));
    return blocks;
  }

  // Threads one after the other; this one only waits for them.
  void line(std::uint32_t number) {
    for (std::size_t generation = 0; generation < server_.generations; ++generation) {
      std::jthread([this, number, generation] {
        thread_number = number;
        std::vector<Live> blocks = taken();
        replace(blocks, (generation + 1) << 32 | number);
        give(std::move(blocks));
      });
    }
  }

  void replace(std::vector<Live>& blocks, std::uint64_t seed) {
    Chance chance(seed);
    for (std::size_t count = 0; count < server_.replacements && !refused_; ++count) {
      Live& live = blocks[chance.below(blocks.size())];
      heap_.deallocate(live.at, live.size);
      live = lent(any_size(chance));
    }
  }

  std::vector<Live> taken() {
    const std::lock_guard guard(mutex_);
    std::vector<Live> blocks = std::move(waiting_.front());
    waiting_.pop_front();
    return blocks;
  }

  void give(std::vector<Live> blocks) {
    const std::lock_guard guard(mutex_);
    waiting_.push_back(std::move(blocks));
  }

  Heap& heap_;
  Server server_;
  std::uint32_t threads_;
  std::atomic<bool> refused_{false};
  std::mutex mutex_;
  std::deque<std::vector<Live>> waiting_;
};

}  // namespace bareheap::bench
