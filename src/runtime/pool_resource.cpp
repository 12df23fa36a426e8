// SPDX-License-Identifier: MIT
// std::pmr::unsynchronized_pool_resource: a free list for each power of two, filled from chunks of the resource below.
// The members with two underscores are libc++ 19's (__memory_resource/unsynchronized_pool_resource.h), which leaves the
// inside of both kinds of pool to its library.
//
//     chunk of blocks:   | block | block | block | block | ChunkEnd |     free block -> free block -> null
//     block too large:   | what was asked for ............... | end |
//
// synchronized_pool_resource is not here: it needs std::mutex, which is for a kernel with threads to supply.
#include <memory_resource>

#include <bit>
#include <cstdint>
#include <new>

namespace {

using std::pmr::memory_resource;

/// Stands at the high end of everything that was taken from the resource below.
struct ChunkEnd {
  ChunkEnd* next;
  void* start;
  std::size_t size;
  std::size_t alignment;
};

constexpr std::size_t greatest_natural_alignment = alignof(std::max_align_t);

/// A chunk with room for `payload` bytes at its start, linked in before `next`. A sum that overflows asks for more than
/// there is, which the resource below must refuse.
ChunkEnd* take_chunk(memory_resource& below, std::size_t payload, std::size_t alignment, ChunkEnd* next) {
  const std::size_t least = alignment > alignof(ChunkEnd) ? alignment : alignof(ChunkEnd);
  std::size_t size = 0;
  if (__builtin_add_overflow(payload, alignof(ChunkEnd) - 1 + sizeof(ChunkEnd), &size)) size = SIZE_MAX;
  size -= size % alignof(ChunkEnd);
  auto* const start = static_cast<char*>(below.allocate(size, least));
  return ::new (start + size - sizeof(ChunkEnd)) ChunkEnd{next, start, size, least};
}

/// Gives one chunk back and answers the next.
ChunkEnd* return_chunk(memory_resource& below, ChunkEnd* chunk) {
  ChunkEnd* const next = chunk->next;
  below.deallocate(chunk->start, chunk->size, chunk->alignment);
  return next;
}

std::size_t at_least(std::size_t value, std::size_t least) noexcept { return value < least ? least : value; }

}  // namespace

/// Blocks of one size.
class std::pmr::unsynchronized_pool_resource::__fixed_pool {
 public:
  void* take(memory_resource& below, std::size_t block, std::size_t most_blocks) {
    if (free_ == nullptr) refill(below, block, most_blocks);
    FreeBlock* const found = free_;
    free_ = found->next;
    return found;
  }

  void give_back(void* at) noexcept { free_ = ::new (at) FreeBlock{free_}; }

  void release(memory_resource& below) {
    while (chunks_ != nullptr) chunks_ = return_chunk(below, chunks_);
    free_ = nullptr;
  }

 private:
  struct FreeBlock {
    FreeBlock* next;
  };

  /// Each chunk holds twice the blocks of the one before; the first has about a kilobyte.
  void refill(memory_resource& below, std::size_t block, std::size_t most_blocks) {
    blocks_ = blocks_ == 0 ? at_least(__min_bytes_per_chunk / block, 1) : 2 * blocks_;
    if (blocks_ > most_blocks) blocks_ = most_blocks;
    const std::size_t alignment = block < greatest_natural_alignment ? block : greatest_natural_alignment;
    chunks_ = take_chunk(below, blocks_ * block, alignment, chunks_);
    // From the high end, so that the first block handed out is the lowest.
    for (std::size_t index = blocks_; index-- > 0;) give_back(static_cast<char*>(chunks_->start) + index * block);
  }

  FreeBlock* free_ = nullptr;
  ChunkEnd* chunks_ = nullptr;
  std::size_t blocks_ = 0;  ///< in the last chunk
};

/// What no pool has: each block is a chunk of its own.
struct std::pmr::unsynchronized_pool_resource::__adhoc_pool::__chunk_footer : ChunkEnd {};

void* std::pmr::unsynchronized_pool_resource::__adhoc_pool::__do_allocate(memory_resource* below, std::size_t size,
                                                                          std::size_t alignment) {
  __first_ = static_cast<__chunk_footer*>(take_chunk(*below, size, alignment, __first_));
  return __first_->start;
}

void std::pmr::unsynchronized_pool_resource::__adhoc_pool::__do_deallocate(memory_resource* below, void* at,
                                                                           std::size_t, std::size_t) {
  if (__first_->start == at) {
    __first_ = static_cast<__chunk_footer*>(return_chunk(*below, __first_));
    return;
  }
  ChunkEnd* before = __first_;
  while (before->next->start != at) before = before->next;
  before->next = return_chunk(*below, before->next);
}

void std::pmr::unsynchronized_pool_resource::__adhoc_pool::__release_ptr(memory_resource* below) {
  while (__first_ != nullptr) __first_ = static_cast<__chunk_footer*>(return_chunk(*below, __first_));
}

std::size_t std::pmr::unsynchronized_pool_resource::__pool_block_size(int index) const {
  return __smallest_block_size << index;
}

/// The pool for such a block; __num_fixed_pools_ where none has it.
int std::pmr::unsynchronized_pool_resource::__pool_index(std::size_t size, std::size_t alignment) const {
  const std::size_t needed = at_least(at_least(size, alignment), __smallest_block_size);
  if (alignment > greatest_natural_alignment || needed > __pool_block_size(__num_fixed_pools_ - 1)) {
    return __num_fixed_pools_;
  }
  return std::bit_width(needed - 1) - __log2_smallest_block_size;
}

/// Options of 0 and those out of range become what is meant for a kernel: blocks up to a page, chunks up to 1,024
/// blocks.
std::pmr::unsynchronized_pool_resource::unsynchronized_pool_resource(const pool_options& options,
                                                                     memory_resource* below)
    : __res_(below), __fixed_pools_(nullptr) {
  constexpr std::size_t default_largest = 4096;
  constexpr std::size_t default_blocks = 1024;
  std::size_t largest = options.largest_required_pool_block;
  if (largest == 0) largest = default_largest;
  if (largest > __default_largest_block_size) largest = __default_largest_block_size;
  std::size_t blocks = options.max_blocks_per_chunk;
  if (blocks == 0 || blocks > __max_blocks_per_chunk) blocks = default_blocks;
  __num_fixed_pools_ = std::bit_width(at_least(largest, __smallest_block_size) - 1) - __log2_smallest_block_size + 1;
  __options_max_blocks_per_chunk_ = static_cast<std::uint32_t>(blocks);
}

std::pmr::pool_options std::pmr::unsynchronized_pool_resource::options() const {
  return {.max_blocks_per_chunk = __options_max_blocks_per_chunk_,
          .largest_required_pool_block = __pool_block_size(__num_fixed_pools_ - 1)};
}

void std::pmr::unsynchronized_pool_resource::release() {
  __adhoc_pool_.__release_ptr(__res_);
  if (__fixed_pools_ == nullptr) return;
  const auto count = static_cast<std::size_t>(__num_fixed_pools_);
  for (std::size_t index = 0; index < count; ++index) __fixed_pools_[index].release(*__res_);
  __res_->deallocate(__fixed_pools_, count * sizeof(__fixed_pool), alignof(__fixed_pool));
  __fixed_pools_ = nullptr;
}

void* std::pmr::unsynchronized_pool_resource::do_allocate(std::size_t size, std::size_t alignment) {
  const int index = __pool_index(size, alignment);
  if (index == __num_fixed_pools_) return __adhoc_pool_.__do_allocate(__res_, size, alignment);
  if (__fixed_pools_ == nullptr) {
    const auto count = static_cast<std::size_t>(__num_fixed_pools_);
    void* const at = __res_->allocate(count * sizeof(__fixed_pool), alignof(__fixed_pool));
    __fixed_pools_ = static_cast<__fixed_pool*>(at);
    for (std::size_t pool = 0; pool < count; ++pool) ::new (__fixed_pools_ + pool) __fixed_pool();
  }
  return __fixed_pools_[index].take(*__res_, __pool_block_size(index), __options_max_blocks_per_chunk_);
}

void std::pmr::unsynchronized_pool_resource::do_deallocate(void* at, std::size_t size, std::size_t alignment) {
  const int index = __pool_index(size, alignment);
  if (index == __num_fixed_pools_) {
    __adhoc_pool_.__do_deallocate(__res_, at, size, alignment);
  } else {
    __fixed_pools_[index].give_back(at);
  }
}
