// SPDX-License-Identifier: MIT
// Programs that keep to a load and do their worst to a heap: they are to find out how large its region has to be.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/parts/granule_sizing.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <random>
#include <stdexcept>
#include <vector>

namespace bareheap::test {

struct Refused {};

/// A heap, the blocks that it has lent, and the load that they must keep to. A refusal is thrown.
template <class Heap>
class Player {
 public:
  static constexpr std::size_t granule = Heap::granule;

  struct Piece {
    std::byte* at;
    std::size_t size;
    std::size_t alignment;

    std::byte* end() const { return at + (std::max<std::size_t>(size, 1) + granule - 1) / granule * granule; }
  };

  Player(Load stated, Region region) : load(stated) {
    if (!heap.init(region)) throw Refused{};
  }

  bool fits(std::size_t size, std::size_t count = 1) const {
    return load.bytes - bytes_ >= size && load.blocks - pieces.size() >= count;
  }

  Piece allocate(std::size_t size, std::size_t alignment = 1) {
    if (!fits(size) || size < load.smallest || size > load.largest || alignment > load.alignment)
      throw std::logic_error("this is not in the load");
    const Block block = heap.allocate(Layout(size, alignment));
    if (!block) throw Refused{};
    bytes_ += size;
    pieces.push_back({block.at, size, alignment});
    return pieces.back();
  }

  void free(const Piece& piece) { free_at(index_of(piece)); }
  void free_at(std::size_t index) {
    const Piece freed = pieces[index];
    heap.deallocate(freed.at, Layout(freed.size, freed.alignment));
    bytes_ -= freed.size;
    pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(index));
  }

  /// False: it stays as it was.
  bool resize(const Piece& piece, std::size_t size) { return resize_at(index_of(piece), size); }
  bool resize_at(std::size_t index, std::size_t size) {
    Piece& resized = pieces[index];
    if (size > resized.size && !fits(size - resized.size, 0)) return false;
    if (!heap.resize(resized.at, Layout(resized.size, resized.alignment), size)) return false;
    bytes_ = bytes_ - resized.size + size;
    resized.size = size;
    return true;
  }

  void fill(std::size_t size, std::size_t alignment = 1) {
    while (fits(size)) allocate(size, alignment);
  }

  Heap heap;
  Load load;
  std::vector<Piece> pieces;  // in the order of their allocation

 private:
  std::size_t index_of(const Piece& piece) const {
    std::size_t index = pieces.size() - 1;
    while (pieces[index].at != piece.at) --index;
    return index;
  }

  std::size_t bytes_ = 0;
};

/// Small blocks that stay, each behind a hole one granule too small for the largest: a large block shrinks by as much
/// as a small one needs, which lists by size then fill first; the large one goes.
struct Pins {
  template <class Heap>
  void operator()(Player<Heap>& player) const {
    const auto [bytes, large, small, blocks, alignment, last_first] = player.load;
    const std::size_t step = (small + Heap::granule - 1) / Heap::granule * Heap::granule;
    std::byte* end = player.allocate(small).end();
    while (large >= step + small && player.fits(2 * large + alignment + small, 4)) {
      const auto shrunk = player.allocate(large, alignment);
      const auto gap = static_cast<std::size_t>(shrunk.at - end);
      const bool filled = gap >= small && gap < alignment && gap <= large;
      const auto filler = filled ? player.allocate(gap) : shrunk;
      const auto stopper = player.allocate(large, alignment);
      player.resize(shrunk, large - step);
      end = player.allocate(small).end();
      if (filled) player.free(filler);
      player.free(shrunk);
      player.free(stopper);
    }
    player.fill(large, alignment);
  }
};

/// Blocks that grow from one filling of the memory to the next. Of those before, as few as possible stay: each where
/// the hole would else be large enough for the next.
struct HolePuncher {
  template <class Heap>
  void operator()(Player<Heap>& player) const {
    std::size_t size = player.load.smallest;
    player.fill(size);
    while (size < player.load.largest) {
      size = std::min(player.load.largest, size + std::max(Heap::granule, size / 4));
      punch(player, size);
      player.fill(size, player.load.alignment);
    }
  }

 private:
  template <class Heap>
  static void punch(Player<Heap>& player, std::size_t too_large) {
    auto pieces = player.pieces;
    std::ranges::sort(pieces, std::less{}, [](const auto& piece) { return piece.at; });
    const std::byte* hole = pieces.empty() ? nullptr : pieces.front().at;
    for (std::size_t index = 0; index + 1 < pieces.size(); ++index) {
      if (static_cast<std::size_t>(pieces[index + 1].at - hole) < too_large)
        player.free(pieces[index]);
      else
        hole = pieces[index].end();
    }
  }
};

/// The smallest blocks, each at the next aligned place.
struct Aligner {
  template <class Heap>
  void operator()(Player<Heap>& player) const {
    player.fill(player.load.smallest, player.load.alignment);
  }
};

/// Nothing but blocks, of the sizes that have the most granules for their bytes together: found by trying all.
class Fullest {
 public:
  Fullest(const Load& load, std::size_t granule) {
    const std::size_t most_blocks = std::min(load.blocks, load.bytes / load.smallest);
    std::vector best(most_blocks + 1, std::vector<Best>(load.bytes + 1));  // by blocks and bytes, at most
    for (std::size_t blocks = 1; blocks <= most_blocks; ++blocks) {
      for (std::size_t bytes = load.smallest; bytes <= load.bytes; ++bytes) {
        for (std::size_t size = load.smallest; size <= std::min(load.largest, bytes);) {
          const std::size_t granules = best[blocks - 1][bytes - size].granules + (size - 1) / granule + 1;
          if (granules > best[blocks][bytes].granules) best[blocks][bytes] = {granules, size};
          size += granule - (size - 1) % granule;
        }
      }
    }
    std::size_t bytes = load.bytes;
    for (std::size_t blocks = most_blocks; best[blocks][bytes].size != 0; bytes -= sizes_.back(), --blocks) {
      sizes_.push_back(best[blocks][bytes].size);
    }
  }

  template <class Heap>
  void operator()(Player<Heap>& player) const {
    for (const std::size_t size : sizes_) player.allocate(size);
  }

 private:
  struct Best {
    std::size_t granules = 0;
    std::size_t size = 0;  // of the last block
  };

  std::vector<std::size_t> sizes_;
};

/// Robson's, who proved that no heap can do with less than about half the logarithm of the largest size: sizes double,
/// and of the blocks before those stay that lie across places one size apart, where the most is lost.
struct Robson {
  template <class Heap>
  void operator()(Player<Heap>& player) const {
    std::size_t place = 0;
    std::size_t size = std::bit_ceil(std::max(player.load.smallest, Heap::granule));
    for (; size <= player.load.largest; size *= 2) {
      if (lost(player, size, place + size / 2) > lost(player, size, place)) place += size / 2;
      for (std::size_t index = player.pieces.size(); index-- != 0;) {
        if (!lies_across(player.pieces[index], size, place)) player.free_at(index);
      }
      player.fill(size);
    }
  }

 private:
  template <class Piece>
  static bool lies_across(const Piece& piece, std::size_t size, std::size_t place) {
    return (address_of(piece.end()) - 1 - place) / size != (address_of(piece.at) + size - 1 - place) / size - 1;
  }

  template <class Heap>
  static std::size_t lost(const Player<Heap>& player, std::size_t size, std::size_t place) {
    std::size_t total = 0;
    for (const auto& piece : player.pieces) total += lies_across(piece, size, place) ? size - piece.size : 0;
    return total;
  }
};

/// Any call of the load, small sizes as often as large ones; now and then the memory is filled, or a part of it freed.
struct Anything {
  unsigned seed = 1;

  template <class Heap>
  void operator()(Player<Heap>& player) const {
    std::mt19937 random(seed);
    const auto up_to = [&](std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most)(random); };
    const Load& load = player.load;
    const auto size = [&] {
      const std::size_t span = load.largest - load.smallest;
      return load.smallest + (span >> up_to(static_cast<std::size_t>(std::bit_width(span))));
    };
    for (unsigned call = 0; call < 2000; ++call) {
      const std::size_t asked = size();
      const std::size_t alignment = std::size_t{1} << up_to(static_cast<std::size_t>(std::countr_zero(load.alignment)));
      const std::size_t doing = up_to(99);
      if (doing < 45 && player.fits(asked))
        player.allocate(asked, alignment);
      else if (doing == 98)
        player.fill(asked, alignment);
      else if (player.pieces.empty())
        continue;
      else if (doing == 99)
        free_some(player, up_to(3) + 2);
      else if (load.last_first)
        last(player, doing, asked);
      else if (const std::size_t index = up_to(player.pieces.size() - 1); doing < 70)
        player.resize_at(index, asked);
      else
        player.free_at(index);
    }
  }

 private:
  template <class Heap>
  static void last(Player<Heap>& player, std::size_t doing, std::size_t asked) {
    if (doing < 70)
      player.resize_at(player.pieces.size() - 1, asked);
    else
      player.free_at(player.pieces.size() - 1);
  }

  // All but each so-manieth; the upper half where the last go first.
  template <class Heap>
  static void free_some(Player<Heap>& player, std::size_t each) {
    const std::size_t least = player.load.last_first ? player.pieces.size() / 2 : 0;
    for (std::size_t index = player.pieces.size(); index-- != least;) {
      if (player.load.last_first || index % each != 0) player.free_at(index);
    }
  }
};

}  // namespace bareheap::test
