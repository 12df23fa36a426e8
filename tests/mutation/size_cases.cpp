// SPDX-License-Identifier: MIT
// Sizes: each rounding, blocks whose length stands in the map, alignments that just fit, and blocks of a gigabyte.
#include "mutation/model.hpp"

namespace bareheap::mutation {
namespace {

Model begin(Subject& heap, std::size_t size, std::size_t offset = 0) {
  heap.renew();
  Model model(heap, Dice(7));
  const Admission admission = heap.init({fresh_arena() + offset, size});
  expect(static_cast<bool>(admission));
  model.took(admission.taken);
  return model;
}

void every_size(Subject& heap) {
  Model model = begin(heap, 16384);
  for (std::size_t size = 0; size <= 4 * heap.granule() + 1; ++size) model.allocate(size, 1);
  model.free_all();
  for (const std::size_t huge : {size_limit, size_limit - 15, std::size_t{1} << 63, std::size_t{1} << 40}) {
    for (const std::size_t alignment : {std::size_t{1}, std::size_t{64}, std::size_t{1} << 63}) {
      expect(!model.allocate(huge, alignment) && !model.allocate(huge - 1, alignment));
      if (alignment > 64) expect(!model.allocate(24, alignment));
    }
    model.allocate(24, 1);
    for (std::size_t alignment = 256; alignment <= (std::size_t{1} << 20); alignment *= 2) {
      for (const std::size_t size : {1u, 3000u, 5000u, 8500u, 11000u}) model.allocate(size, alignment);
    }
    while (model.live() > 1) model.free(1);
    expect(!heap.resize(model.block(0).at, model.block(0).asked, huge));
    model.free_all();
  }
}

// Blocks around the size at which their length is stored, from each granule of a word on, grown and shrunk across it.
void long_blocks(Subject& heap) {
  const std::size_t granule = heap.granule();
  for (std::size_t ahead = 1; ahead <= 64; ahead += 3) {
    Model model = begin(heap, 512 * granule + 4096);
    model.allocate(ahead * granule, 1);
    const std::byte* const first = model.block(0).at;
    for (const std::size_t size : {63u, 64u, 65u, 126u, 127u, 128u, 129u, 192u, 300u}) {
      model.allocate(size * granule, 1);
      const std::size_t block = model.block(0).at == first ? 1 : 0;
      for (const std::size_t after : {size + 64, size / 2, size + 1, 1 + size % 7, size}) {
        model.resize(block, after * granule);
      }
      model.allocate(granule, 1);
      model.free(block);
      while (model.live() > 1) model.free(model.live() - 1 - (model.block(model.live() - 1).at == first));
    }
    model.free_all();
  }
}

// A view tells a length where a block is lent, and nowhere else: not inside of it, nor of what is free or cached.
void lengths_in_sight(const Subject& heap) {
  for (const Extent& tile : picture_of(heap)) {
    const std::size_t length = tile.kind == ExtentKind::used ? tile.size / heap.granule() : 0;
    expect(heap.length_in_sight(tile.at) == length);
    for (std::size_t inside = heap.granule(); inside < tile.size; inside += heap.granule()) {
      expect(heap.length_in_sight(tile.at + inside) == 0);
    }
  }
}

// A view knows a block by its size, wherever in a word of the map it begins, and by no other.
void in_sight(Subject& heap) {
  const std::size_t granule = heap.granule();
  const std::size_t most = heap.most_in_sight();
  heap.renew();
  expect(static_cast<bool>(heap.init({fresh_arena(), 100'000})));
  for (std::size_t size = 1; size <= most + 3; ++size) {
    std::byte* const at = heap.allocate(Layout(size * granule, 1)).at;
    for (std::size_t other = 1; other <= most; ++other) {
      expect(heap.lends(at, other) == (other == size) && (size == 1 || !heap.lends(at + granule, other)));
    }
    if (size % 5 == 0) heap.deallocate(at, Layout(size * granule, 1));
  }
  static_cast<void>(heap.allocate(Layout(300 * granule, 1)));
  lengths_in_sight(heap);
}

// Holes of one size in memory that is full else: each aligned request that a hole satisfies where it lies is granted.
void aligned_just_so(Subject& heap) {
  const std::size_t granule = heap.granule();
  for (std::size_t offset = 0; offset < 8; ++offset) {
    Model model = begin(heap, 8192, offset * granule);
    model.allocate(picture_of(heap).back().size - 40 * granule,
                   1);  // the lowest, and large: what is left is quick to fill
    while (model.allocate(granule, 1)) continue;
    const std::size_t alignment = 4 * granule;
    for (std::size_t size : {1u, 3u, 4u, 6u}) {
      std::size_t lowest = 1;
      while (!is_aligned(address_of(model.block(lowest).at), alignment)) ++lowest;
      for (std::size_t count = 0; count < size; ++count) model.free(lowest);
      expect(model.allocate(size * granule, alignment));
      model.free(lowest);
      while (model.allocate(granule, 1)) continue;
      // Not aligned, and just large enough, or one granule too small.
      for (const std::size_t more : {3u, 2u}) {
        for (std::size_t count = 0; count < size + more; ++count) model.free(lowest + 1);
        const bool fits = model.allocate(size * granule, alignment);
        expect(fits == (more == 3));
        if (fits) model.free(lowest + 1);
        while (model.allocate(granule, 1)) continue;
      }
    }
    for (std::size_t power = 1; power <= 65536; power *= 2) model.allocate(granule, power);
    model.free_all();
  }
}

// A hole of each power of two up to a gigabyte, in memory that is full else: each request gets the smallest that it
// fits into.
void every_doubling(Subject& heap) {
  const std::size_t granule = heap.granule();
  const std::size_t largest = heap.index_size() == 4 ? std::size_t{1} << 30 : 65536;
  static std::byte* const arena = wide_arena(std::size_t{3} << 30);
  heap.renew();
  expect(static_cast<bool>(heap.init({arena, largest / 4 * 9})));
  std::vector<std::byte*> holes;
  for (std::size_t size = largest; size >= 32 * granule; size /= 2) {
    holes.push_back(heap.allocate(Layout(size, 1)).at);
    expect(holes.back() != nullptr && heap.allocate(Layout(granule, 1)));
  }
  const std::size_t rest = picture_of(heap).back().size;
  expect(heap.allocate(Layout(rest, 1)).size == rest);
  std::size_t size = largest;
  for (std::byte* const hole : holes) {
    heap.deallocate(hole, Layout(size, 1));
    size /= 2;
  }
  expect(heap.check() == Fault::none);
  for (size *= 2; !holes.empty(); size *= 2) {
    const Layout asked(size - size / 16, 1);
    expect(heap.allocate(asked).at == holes.back());
    expect(heap.resize(holes.back(), asked, size) && !heap.resize(holes.back(), Layout(size, 1), size + 1));
    expect(heap.size_of(holes.back()) == size);
    holes.pop_back();
  }
  expect(heap.check() == Fault::none && bytes_of(picture_of(heap), ExtentKind::free) == 0);
}

}  // namespace

void judge_sizes(Subject& heap) {
  every_size(heap);
  long_blocks(heap);
  in_sight(heap);
  aligned_just_so(heap);
  if (!heap.has_stock()) every_doubling(heap);
}

}  // namespace bareheap::mutation
