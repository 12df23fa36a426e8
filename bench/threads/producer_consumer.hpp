// SPDX-License-Identifier: MIT
// Pairs of threads: one allocates, the other frees what it gets, so no block is freed where it was allocated.
//
//     producer --fills--> | chunk | chunk | chunk | chunk | --empties--> consumer      each 1024 pointers
//
// Chunks go from hand to hand, not blocks, and who has none sleeps: what passing costs is little beside the calls.
// A thread without another one does both in turn.
#pragma once

#include "lent.hpp"

#include <array>
#include <atomic>
#include <stdexcept>
#include <vector>

namespace bareheap::bench {

template <class Heap>
class ProducerConsumer {
 public:
  /// Throws where a thread would have no other one.
  ProducerConsumer(Heap& heap, std::uint32_t threads) : heap_(heap), alone_(threads == 1), rings_((threads + 1) / 2) {
    if (threads % 2 != 0 && !alone_) throw std::invalid_argument("producers and consumers are one thread or pairs");
  }

  std::uint64_t work(std::uint32_t thread, std::size_t steps) {
    Ring& ring = rings_[thread / 2];
    const std::size_t turns = (alone_ ? 1 : 2) * steps / chunk + 1;
    for (std::size_t turn = 0; turn < turns; ++turn) {
      if (alone_ || thread % 2 == 0) produce(ring);
      if (alone_ || thread % 2 != 0) consume(ring);
    }
    return (alone_ ? 2 : 1) * turns * chunk;
  }

 private:
  static constexpr std::uint32_t chunk = 1024;
  static constexpr std::uint32_t chunks = 4;

  struct Ring {
    std::array<std::array<std::byte*, chunk>, chunks> blocks;
    alignas(64) std::atomic<std::uint32_t> filled{0};   // chunks so far; written by the producer
    alignas(64) std::atomic<std::uint32_t> emptied{0};  // the same of the consumer
  };

  static constexpr std::uint32_t size_of(std::uint32_t place) { return 16U << place % 4; }

  // Acquire and release: what one side did to the chunk is seen by the other.
  void produce(Ring& ring) {
    const std::uint32_t filled = ring.filled.load(std::memory_order_relaxed);
    ring.emptied.wait(filled - chunks, std::memory_order_acquire);
    std::array<std::byte*, chunk>& blocks = ring.blocks[filled % chunks];
    for (std::uint32_t place = 0; place < chunk; ++place) blocks[place] = lend(heap_, size_of(place)).at;
    ring.filled.store(filled + 1, std::memory_order_release);
    ring.filled.notify_one();
  }

  void consume(Ring& ring) {
    const std::uint32_t emptied = ring.emptied.load(std::memory_order_relaxed);
    ring.filled.wait(emptied, std::memory_order_acquire);
    const std::array<std::byte*, chunk>& blocks = ring.blocks[emptied % chunks];
    for (std::uint32_t place = 0; place < chunk; ++place) heap_.deallocate(blocks[place], size_of(place));
    ring.emptied.store(emptied + 1, std::memory_order_release);
    ring.emptied.notify_one();
  }

  Heap& heap_;
  bool alone_;
  std::vector<Ring> rings_;
};

}  // namespace bareheap::bench
