// SPDX-License-Identifier: MIT
#include "loads.hpp"

#include <deque>

namespace bareheap::bench {
namespace {

using Blocks = std::vector<std::uint32_t>;

constexpr std::size_t granule = 16;  // to which most heaps round

// Allocates 40 %, frees 40 %, reallocates 20 %; about 1,000 live.
void random_actions(Writer& writer, Chance& chance) {
  constexpr std::size_t live_blocks = 1000;
  Blocks blocks;
  const auto size = [&] { return chance.any_magnitude(0, 16); };
  for (int action = 0; action < 200'000; ++action) {
    const std::uint64_t kind = chance.below(10);
    if (kind < 2 && !blocks.empty()) {
      writer.reallocate(blocks[chance.below(blocks.size())], size());
    } else if (blocks.empty() || chance.below(2 * live_blocks) >= blocks.size()) {
      blocks.push_back(writer.allocate(size()));
    } else {
      writer.deallocate_any(blocks, chance.below(blocks.size()));
    }
  }
}

void small_objects(Writer& writer, Chance& chance) {
  Blocks blocks;
  for (int count = 0; count < 10'000; ++count) blocks.push_back(writer.allocate(chance.any_magnitude(3, 8)));
  for (int turn = 0; turn < 100'000; ++turn) {
    writer.deallocate_any(blocks, chance.below(blocks.size()));
    blocks.push_back(writer.allocate(chance.any_magnitude(3, 8)));
  }
}

void fifo(Writer& writer, Chance& chance) {
  std::deque<std::uint32_t> queue;
  for (int turn = 0; turn < 100'000; ++turn) {
    queue.push_back(writer.allocate(chance.between(16, 1024)));
    if (queue.size() <= 1000) continue;
    writer.deallocate(queue.front());
    queue.pop_front();
  }
}

void lifo(Writer& writer, Chance& chance) {
  Blocks stack;
  for (int turn = 0; turn < 4000; ++turn) {
    for (std::uint64_t count = chance.below(50); count > 0; --count) {
      stack.push_back(writer.allocate(chance.between(16, 1024)));
    }
    for (std::uint64_t count = chance.below(50); count > 0 && !stack.empty(); --count) {
      writer.deallocate(stack.back());
      stack.pop_back();
    }
  }
}

// Each is freed when it has reached its size, and another begins.
void growing_vectors(Writer& writer, Chance& chance) {
  struct Vector {
    std::uint32_t slot;
    std::uint64_t size;
    std::uint64_t last;
  };
  const auto begin = [&] { return Vector{writer.allocate(16), 16, std::uint64_t{16} << chance.between(1, 14)}; };
  std::vector<Vector> vectors;
  for (int count = 0; count < 50; ++count) vectors.push_back(begin());
  for (int turn = 0; turn < 60'000; ++turn) {
    Vector& vector = vectors[chance.below(vectors.size())];
    if (vector.size < vector.last) {
      writer.reallocate(vector.slot, vector.size *= 2);
    } else {
      writer.deallocate(vector.slot);
      vector = begin();
    }
  }
}

void aligned(Writer& writer, Chance& chance) {
  Blocks blocks;
  for (int turn = 0; turn < 60'000; ++turn) {
    if (blocks.size() >= 1000) writer.deallocate_any(blocks, chance.below(blocks.size()));
    blocks.push_back(writer.allocate(chance.any_magnitude(4, 12), static_cast<std::uint8_t>(chance.between(5, 12))));
  }
}

constexpr std::uint64_t hole_size = 64;
constexpr std::size_t hole_count = 8000;

// Neighbours of the same size, every second of which is freed. The others stay.
void make_holes(Writer& writer) {
  Blocks blocks;
  for (std::size_t count = 0; count < 2 * hole_count; ++count) blocks.push_back(writer.allocate(hole_size));
  for (std::size_t index = 0; index < blocks.size(); index += 2) writer.deallocate(blocks[index]);
}

// All holes are filled, and made again in any order.
void equal_holes(Writer& writer, Chance& chance) {
  make_holes(writer);
  for (int round = 0; round < 5; ++round) {
    Blocks blocks;
    while (blocks.size() < hole_count) blocks.push_back(writer.allocate(hole_size));
    while (!blocks.empty()) writer.deallocate_any(blocks, chance.below(blocks.size()));
  }
}

// No request finds room in a hole; who looks for it there looks at all of them.
void holes_too_small(Writer& writer, Chance& chance) {
  make_holes(writer);
  Blocks blocks;
  for (int turn = 0; turn < 20'000; ++turn) {
    if (blocks.size() == 100) writer.deallocate_any(blocks, chance.below(blocks.size()));
    blocks.push_back(writer.allocate(hole_size + granule));
  }
}

// Each tooth leaves one block of twenty behind until the next one is full.
void sawtooth(Writer& writer, Chance& chance) {
  Blocks left;
  for (int tooth = 0; tooth < 10; ++tooth) {
    Blocks blocks;
    for (int count = 0; count < 10'000; ++count) blocks.push_back(writer.allocate(chance.any_magnitude(4, 12)));
    for (const std::uint32_t slot : left) writer.deallocate(slot);
    left.clear();
    for (const std::uint32_t slot : blocks) {
      if (chance.below(20) == 0)
        left.push_back(slot);
      else
        writer.deallocate(slot);
    }
  }
}

// The sizes drift upwards from 32 to 4,096 bytes, so that a hole is always a little smaller than what is wanted next.
void drift(Writer& writer, Chance& chance) {
  Blocks blocks;
  for (std::uint64_t turn = 0; turn < 80'000; ++turn) {
    if (blocks.size() >= 2000) writer.deallocate_any(blocks, chance.below(blocks.size()));
    blocks.push_back(writer.allocate(chance.between(16, 32) + turn * 4064 / 80'000));
  }
}

// One block of sixteen lives to the end among short-lived ones of other sizes.
void long_and_short(Writer& writer, Chance& chance) {
  std::deque<std::uint32_t> queue;
  for (int turn = 0; turn < 100'000; ++turn) {
    if (turn % 16 == 0) {
      writer.allocate(chance.between(16, 64));
      continue;
    }
    queue.push_back(writer.allocate(chance.any_magnitude(4, 11)));
    if (queue.size() <= 200) continue;
    writer.deallocate(queue.front());
    queue.pop_front();
  }
}

constexpr Load every_load[] = {
    {"random_actions", "allocates, frees and reallocates 1 byte to 64 KiB, any magnitude alike; 1,000 live",
     random_actions},
    {"small_objects", "8 to 255 bytes, freed in any order; 10,000 live", small_objects},
    {"fifo", "16 to 1,024 bytes, the oldest is freed first; 1,000 live", fifo},
    {"lifo", "16 to 1,024 bytes, the youngest is freed first", lifo},
    {"growing_vectors", "50 arrays at once, doubled by reallocating from 16 bytes up to 256 KiB", growing_vectors},
    {"aligned", "16 to 4,095 bytes at alignments of 32 to 4,096; 1,000 live", aligned},
    {"equal_holes", "8,000 equal holes between live blocks, filled exactly and made again in any order", equal_holes},
    {"holes_too_small", "8,000 equal holes, and requests of 16 bytes more", holes_too_small},
    {"sawtooth", "fills up with 10,000 blocks and frees nineteen of twenty, ten times", sawtooth},
    {"drift", "sizes that slowly rise from 32 to 4,096 bytes; 2,000 live", drift},
    {"long_and_short", "one block of sixteen stays for ever among short-lived ones", long_and_short},
};

}  // namespace

std::span<const Load> loads() { return every_load; }

}  // namespace bareheap::bench
