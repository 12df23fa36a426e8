// SPDX-License-Identifier: MIT
// A heap in known states, whose calls are counted and whose longest ones are kept: a row of lent blocks, of which some
// are freed, and no other memory.
#pragma once

#include "worst/counted.hpp"

#include "bareheap/core/region.hpp"

#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

namespace bareheap::worst {

enum class Kind { allocate, refused, aligned, aligned_refused, deallocate, smaller, larger, not_resized };
inline constexpr std::size_t kinds = 8;

struct Fact {
  const char* what = nullptr;
  std::size_t value = 0;
};
using Situation = std::array<Fact, 6>;

/// The first of the longest calls of a kind.
struct Longest {
  std::uint64_t instructions = 0;
  Situation situation;
};

/// Sizes are in granules of 16 bytes.
template <class Heap>
class Desk {
 public:
  static constexpr std::size_t granule = Heap::granule;

  /// A fresh heap of so many bytes.
  void begin(std::size_t bytes) {
    counted_ = {};
    row_.clear();
    if (!counted_.heap.init({memory_, bytes})) std::abort();
  }

  /// A fresh heap with blocks of these sizes in a row, and nothing free.
  void lay(const std::vector<std::size_t>& sizes) {
    begin(row_bytes);
    for (const std::size_t size : sizes) row_.push_back({lend(size), size});
    for (std::size_t size = row_bytes / granule; size != 0; size /= 2) {
      while (lend(size) != nullptr) {
      }
    }
  }

  // Not counted. Null where there is no room.
  std::byte* lend(std::size_t size) { return counted_.allocate(Layout(size * granule, granule)).at; }

  /// Frees a block of the row, not counted.
  void free(std::byte* at, std::size_t size) { counted_.heap.deallocate(at, Layout(size * granule, granule)); }

  /// A block of the row.
  void free(std::size_t index) { free(row_[index].at, row_[index].size); }
  std::byte* at(std::size_t index) const { return row_[index].at; }

  // Counted calls.
  std::byte* allocate(std::size_t size, std::size_t alignment) {
    const Block block = counted_.allocate(Layout(size * granule, alignment));
    const Kind done = alignment > granule ? Kind::aligned : Kind::allocate;
    const Kind refused = alignment > granule ? Kind::aligned_refused : Kind::refused;
    note(block ? done : refused, counted_.taken - around_.allocate);
    return block.at;
  }

  void deallocate(std::byte* at, std::size_t size) {
    counted_.deallocate(at, Layout(size * granule, granule));
    note(Kind::deallocate, counted_.taken - around_.deallocate);
  }

  bool resize(std::byte* at, std::size_t before, std::size_t after) {
    const bool done = counted_.resize(at, Layout(before * granule, granule), after * granule);
    const Kind kind = !done ? Kind::not_resized : after > before ? Kind::larger : Kind::smaller;
    note(kind, counted_.taken - around_.resize);
    return done;
  }

  std::uint64_t last() const { return last_; }  ///< instructions of the last counted call
  const Longest& longest(Kind kind) const { return longest_[static_cast<std::size_t>(kind)]; }

  Situation situation;  ///< of the calls that follow

 private:
  static constexpr std::size_t row_bytes = std::size_t{1} << 20;
  static constexpr std::size_t memory_bytes = std::size_t{1} << 28;

  struct Lent {
    std::byte* at;
    std::size_t size;
  };

  void note(Kind kind, std::uint64_t instructions) {
    last_ = instructions;
    Longest& longest = longest_[static_cast<std::size_t>(kind)];
    if (instructions > longest.instructions) longest = {instructions, situation};
  }

  // Not written to but by the heap, and no more than it needs: most is never there.
  std::unique_ptr<void, decltype(&std::free)> owner_{std::aligned_alloc(4096, memory_bytes), &std::free};
  std::byte* const memory_ = static_cast<std::byte*>(owner_.get());
  const Around around_ = around();
  Counted<Heap> counted_;
  std::vector<Lent> row_;
  std::uint64_t last_ = 0;
  std::array<Longest, kinds> longest_;
};

}  // namespace bareheap::worst
