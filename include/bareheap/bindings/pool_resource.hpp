// SPDX-License-Identifier: MIT
//
// PoolResource: lends blocks of a few sizes from chunks that it takes from a heap, and gives all of them back at once.
//
//     chunk:    | block | block | block | block | ChunkEnd |      pool of 64:  free block -> free block -> null
//     large:    | what was asked for ........... | ChunkEnd |     all chunks:   ChunkEnd <-> ChunkEnd <-> null
//
// For:      many objects of few sizes that go together; std::pmr containers over a slow or fragmenting heap.
// Not for:  getting memory back early: a chunk returns to the heap by release() or the destructor, a large block when
//           it is freed. Not safe in interrupts or on several CPUs.
// Cost:     allocate and deallocate up to the largest pooled size: constant but for a new chunk (its number of blocks).
//           Larger: one call of the heap. release: one call of the heap for each chunk.
// Overhead: a request becomes the next power of two, at least 16; five words at the end of each chunk or large block.
//           Chunks of a pool double from 512 bytes to 64 blocks and at least one; where the heap refuses one, half as
//           many blocks are asked for, down to one.
// Bad frees: none is noticed here.
// No room:  the program's out-of-memory handler, and where it gives up, a stop; try_allocate() answers with null.
#pragma once

#include "bareheap/core/allocate_or_stop.hpp"
#include "bareheap/core/allocator_ref.hpp"

#include <cstddef>
#include <memory_resource>
#include <new>

namespace bareheap {

/// Refers to a heap, which must outlive it.
template <Allocator Heap>
class PoolResource final : public std::pmr::memory_resource {
 public:
  static constexpr std::size_t smallest_block = 16;
  static constexpr std::size_t largest_block = 2048;

  explicit PoolResource(Heap& heap) noexcept : heap_(heap) {}
  PoolResource(const PoolResource&) = delete;
  PoolResource& operator=(const PoolResource&) = delete;
  ~PoolResource() override { release(); }

  /// Null where there is no room.
  [[nodiscard]] void* try_allocate(std::size_t size, std::size_t alignment) noexcept {
    const Layout asked(size, alignment);
    if (!is_pooled(asked)) return take_chunk(size, alignment);
    Pool& pool = pools_[index_of(asked)];
    if (pool.free == nullptr && !refill(pool, block_of(asked))) return nullptr;
    FreeBlock* const block = pool.free;
    pool.free = block->next;
    return block;
  }

  /// Gives every chunk back to the heap, whatever is still lent of it.
  void release() noexcept {
    while (chunks_ != nullptr) give_chunk(chunks_);
    for (Pool& pool : pools_) pool = {};
  }

 private:
  struct FreeBlock {
    FreeBlock* next;
  };

  struct Pool {
    FreeBlock* free = nullptr;
    std::size_t blocks = 0;  ///< in the last chunk
  };

  /// Stands behind what a chunk holds.
  struct ChunkEnd {
    ChunkEnd* next;
    ChunkEnd* before;
    std::byte* start;
    Layout layout;
  };

  static constexpr std::size_t first_chunk = 512;
  static constexpr std::size_t most_blocks = 64;
  static constexpr std::size_t pool_count = __builtin_ctzll(largest_block) - __builtin_ctzll(smallest_block) + 1;
  static_assert(sizeof(FreeBlock) <= smallest_block);

  static bool is_pooled(Layout asked) noexcept {
    return asked.size() <= largest_block && asked.alignment() <= largest_block;
  }

  static std::size_t index_of(Layout asked) noexcept {
    const std::size_t fit = asked.size() > asked.alignment() ? asked.size() : asked.alignment();
    std::size_t index = 0;
    while (smallest_block << index < fit) ++index;
    return index;
  }

  static std::size_t block_of(Layout asked) noexcept { return smallest_block << index_of(asked); }

  static ChunkEnd* end_of(std::byte* start, std::size_t payload) noexcept {
    return reinterpret_cast<ChunkEnd*>(start + CheckedSize(payload).aligned_up(alignof(ChunkEnd)).value());
  }

  // Null where there is no room. A sum that overflows becomes the greatest size, which every heap refuses.
  std::byte* take_chunk(std::size_t payload, std::size_t alignment) noexcept {
    const CheckedSize size = CheckedSize(payload).aligned_up(alignof(ChunkEnd)) + sizeof(ChunkEnd);
    const Layout layout(size.value(), alignment > alignof(ChunkEnd) ? alignment : alignof(ChunkEnd));
    const Block block = (*heap_).allocate(layout);
    if (!block) return nullptr;
    ChunkEnd* const end = new (end_of(block.at, payload)) ChunkEnd{chunks_, nullptr, block.at, layout};
    if (chunks_ != nullptr) chunks_->before = end;
    chunks_ = end;
    return block.at;
  }

  void give_chunk(ChunkEnd* end) noexcept {
    (end->before == nullptr ? chunks_ : end->before->next) = end->next;
    if (end->next != nullptr) end->next->before = end->before;
    (*heap_).deallocate(end->start, end->layout);
  }

  bool refill(Pool& pool, std::size_t block) noexcept {
    std::size_t blocks = pool.blocks == 0 ? first_chunk / block : 2 * pool.blocks;
    if (blocks == 0) blocks = 1;
    if (blocks > most_blocks) blocks = most_blocks;
    std::byte* chunk = take_chunk(blocks * block, block);
    while (chunk == nullptr && blocks > 1) {
      blocks /= 2;
      chunk = take_chunk(blocks * block, block);
    }
    if (chunk == nullptr) return false;
    pool.blocks = blocks;
    // From the high end, so that the first block lent is the lowest.
    for (std::size_t index = blocks; index-- != 0;) pool.free = new (chunk + index * block) FreeBlock{pool.free};
    return true;
  }

  void* do_allocate(std::size_t size, std::size_t alignment) override {
    if (void* const at = try_allocate(size, alignment)) [[likely]] return at;
    const auto again = [&]() noexcept { return Block{static_cast<std::byte*>(try_allocate(size, alignment)), size}; };
    return retry_or_stop(Layout(size, alignment), again, caller_here()).at;
  }

  void do_deallocate(void* at, std::size_t size, std::size_t alignment) override {
    if (at == nullptr) return;
    const Layout asked(size, alignment);
    if (!is_pooled(asked)) return give_chunk(end_of(static_cast<std::byte*>(at), size));
    Pool& pool = pools_[index_of(asked)];
    pool.free = new (at) FreeBlock{pool.free};
  }

  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }

  HeapHandle<Heap> heap_;
  ChunkEnd* chunks_ = nullptr;
  Pool pools_[pool_count];
};

}  // namespace bareheap
