// SPDX-License-Identifier: MIT
#include "mutation/model.hpp"

#include <algorithm>
#include <cstring>

namespace bareheap::mutation {
namespace {

// In granules: each has a bin of its own.
constexpr std::size_t exact_sizes = 3;

// Of a large block only the ends are written.
constexpr std::size_t end_size = 256;

template <class Use>
void for_each_end(const Model::Live& block, Use use) {
  const std::size_t size = std::min(block.granted, end_size);
  use(block.at, size);
  use(block.at + block.granted - size, size);
}

bool keeps_fill(const Model::Live& block) {
  bool keeps = true;
  for_each_end(block, [&](const std::byte* at, std::size_t size) {
    for (std::size_t offset = 0; offset < size; ++offset) keeps = keeps && at[offset] == block.fill;
  });
  return keeps;
}

}  // namespace

void Model::took(Region region) {
  if (span_.size == 0) span_ = region;
  const auto tiles = picture_of(heap_);
  const auto is_start = [=](const Extent& tile) { return tile.kind == ExtentKind::meta && region.contains(tile.at); };
  const auto below = std::ranges::find_if(regions_, [=](const Region& known) { return known.end() == region.start; });
  if (std::ranges::none_of(tiles, is_start)) {
    expect(below != regions_.end());
    below->size += region.size;
    return;
  }
  for (std::byte* at = region.start; at != region.end(); at = regions_.back().end()) {
    const auto next = std::ranges::find_if(tiles, [=](const Extent& tile) { return tile.at > at && is_start(tile); });
    const std::byte* const end = next == tiles.end() ? region.end() : next->at;
    regions_.push_back({at, address_of(end) - address_of(at)});
  }
  std::ranges::sort(regions_, {}, &Region::start);
}

bool Model::allocate(std::size_t size, std::size_t alignment) {
  const auto before = picture_of(heap_);
  const Block block = heap_.allocate(Layout(size, alignment));
  if (block.at == nullptr) {
    expect(block.size == 0);
    judge_refusal(size, alignment);
  } else {
    expect(block.size == rounded(size) && is_aligned(address_of(block.at), alignment));
    judge_choice(before, block, size, alignment);
    remember(block.at, Layout(size, alignment), block.size);
  }
  audit();
  return block.at != nullptr;
}

void Model::remember(std::byte* at, Layout asked, std::size_t granted) {
  const Live block{at, asked, granted, std::byte{++number_}};
  for_each_end(block, [&](std::byte* end, std::size_t bytes) { std::memset(end, number_, bytes); });
  live_.insert(std::ranges::upper_bound(live_, at, {}, &Live::at), block);
}

void Model::free(std::size_t index) {
  const Live block = live_[index];
  expect(keeps_fill(block));
  live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(index));
  heap_.deallocate(block.at, block.asked);
  audit();
}

void Model::resize(std::size_t index, std::size_t size) {
  const auto before = picture_of(heap_);
  Live& block = live_[index];
  const std::size_t wanted = rounded(size);
  std::size_t behind = 0;
  for (const Extent& tile : before) {
    if (tile.at == block.at + block.granted && tile.kind == ExtentKind::free) behind = tile.size;
  }
  const bool resized = heap_.resize(block.at, block.asked, size);
  expect(resized == (size <= arena_size && wanted <= block.granted + behind));
  if (resized) {
    const Live old = block;
    live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(index));
    remember(old.at, Layout(size, old.asked.alignment()), wanted);
  }
  audit();
}

void Model::free_all() {
  while (!live_.empty()) free(dice_.below(live_.size()));
  heap_.trim();
  audit();
  const auto tiles = picture_of(heap_);
  expect(count_of(tiles, ExtentKind::free) == regions_.size() && count_of(tiles, ExtentKind::cached) == 0);
}

void Model::reset() {
  live_.clear();
  heap_.reset();
  audit();
  expect(count_of(picture_of(heap_), ExtentKind::free) == regions_.size());
}

// Whatever the bins are, a tile half as large again as what is needed lies in a higher one, and the smallest sizes have
// bins of their own.
bool Model::fits_surely(const Extent& tile, std::size_t size, std::size_t alignment) const {
  if (tile.kind != ExtentKind::free) return false;
  if (heap_.has_stock()) {  // it looks at every block
    const std::size_t at = address_of(tile.at);
    return align_down(at + alignment - 1, alignment) - at + rounded(size) <= tile.size;
  }
  const std::size_t needed = rounded(size) + (alignment > granule_ ? alignment - granule_ : 0);
  return tile.size >= (needed <= exact_sizes * granule_ ? needed : needed + needed / 2);
}

void Model::judge_refusal(std::size_t size, std::size_t alignment) const {
  if (size > (std::size_t{1} << 40) || alignment > (std::size_t{1} << 40)) return;
  for (const Extent& tile : picture_of(heap_)) {
    expect(tile.kind != ExtentKind::cached && !fits_surely(tile, size, alignment));
  }
}

// A block is cut from the start of a free tile, a small one from a tile of its own size where there is one. A stock has
// rules of its own.
void Model::judge_choice(const std::vector<Extent>& before, const Block& block, std::size_t size,
                         std::size_t alignment) {
  if (alignment > granule_ || heap_.has_stock()) return;
  const std::size_t wanted = rounded(size);
  const auto tile = std::ranges::find(before, static_cast<const std::byte*>(block.at), &Extent::at);
  expect(tile != before.end() && tile->kind == ExtentKind::free);
  const auto is_exact = [=](const Extent& any) { return any.kind == ExtentKind::free && any.size == wanted; };
  expect(tile->size == wanted || wanted > exact_sizes * granule_ || std::ranges::none_of(before, is_exact));
}

void Model::audit() {
  expect(heap_.check() == Fault::none);
  const auto tiles = picture_of(heap_);
  judge_tiles(tiles);
  judge_steps(tiles);
  judge_address(tiles);
  if (!live_.empty()) {
    const Live& block = live_[dice_.below(live_.size())];
    expect(keeps_fill(block) && heap_.size_of(block.at) == block.granted);
    const std::size_t size = block.granted / granule_;
    if (size <= heap_.most_in_sight()) expect(heap_.lends(block.at, size) == span_.contains(block.at));
    expect(heap_.fault_in(block.at, block.asked) == Fault::none);
  }
}

// The regions without gap or overlap, each its record first; the live blocks and no others; and free tiles merged.
void Model::judge_tiles(const std::vector<Extent>& tiles) const {
  auto region = regions_.begin();
  auto block = live_.begin();
  const std::byte* next = nullptr;
  bool after_free = false;
  for (const Extent& tile : tiles) {
    if (next == nullptr) {
      expect(region != regions_.end() && tile.at == region->start && tile.kind == ExtentKind::meta);
    } else {
      expect(tile.at == next && tile.kind != ExtentKind::meta);
    }
    expect(tile.size != 0 && tile.size % granule_ == 0 && tile.end() <= region->end());
    if (tile.kind == ExtentKind::used) {
      expect(block != live_.end() && tile.at == block->at && tile.size == block->granted);
      ++block;
    }
    expect(!(after_free && tile.kind == ExtentKind::free));
    after_free = tile.kind == ExtentKind::free;
    next = tile.end();
    if (next == region->end()) ++region, next = nullptr;
  }
  expect(next == nullptr && region == regions_.end() && block == live_.end());
  const std::size_t free = bytes_of(tiles, ExtentKind::free);
  const std::size_t lent = bytes_of(tiles, ExtentKind::used) + bytes_of(tiles, ExtentKind::cached);
  expect(heap_.free() * granule_ == free && heap_.total() * granule_ == free + lent);
}

// A step from any address shows what the walk shows there; a pass of the check in steps ends without a fault.
void Model::judge_steps(const std::vector<Extent>& tiles) {
  const Region& in = regions_[dice_.below(regions_.size())];
  const std::byte* const from = in.start + dice_.below(std::min(in.size, std::size_t{1} << 31) + 1);
  std::size_t left = 1 + dice_.below(4);
  std::vector<Extent> right;
  const std::byte* goes_on = nullptr;
  for (const Extent& tile : tiles) {
    if (tile.end() <= from) continue;
    if (left-- == 0) {
      goes_on = right.back().end();
      break;
    }
    const std::byte* const at = std::max(from, tile.at);
    right.push_back({at, address_of(tile.end()) - address_of(at), tile.kind});
  }
  std::vector<Extent> shown;
  const std::size_t count = right.size() + (goes_on == nullptr ? 1 : 0);
  expect(heap_.walk_step(from, count, [&](const Extent& tile) { shown.push_back(tile); }) == goes_on);
  expect(shown == right);

  const std::size_t tested = 1 + dice_.below(3);
  const CheckStep step = heap_.check_step(from, tested);
  std::size_t above = 0;  // tiles that are tested from here on
  for (const Extent& tile : tiles) above += tile.end() > from && tile.kind != ExtentKind::meta;
  expect(step.fault == Fault::none && (step.next == nullptr) == (above <= tested));
  if (step.next == nullptr) return;
  std::size_t passed = 0;
  for (const Extent& tile : tiles) passed += tile.end() > from && tile.at < step.next && tile.kind != ExtentKind::meta;
  expect(passed == tested && std::ranges::find(tiles, step.next, &Extent::at) != tiles.end());
}

// Any address in or around a region: whose it is, and why it cannot be freed.
void Model::judge_address(const std::vector<Extent>& tiles) {
  const Region& in = regions_[dice_.below(regions_.size())];
  const std::size_t step = dice_.below(3) == 0 ? 1 : granule_;
  std::byte* const at = in.start + dice_.below(std::min(in.size / step + 2, std::size_t{1} << 31)) * step - granule_;
  expect(heap_.owns(at) == std::ranges::any_of(regions_, [=](const Region& region) { return region.contains(at); }));
  Fault right = Fault::never_lent;
  std::size_t wrong_size = granule_;
  for (const Extent& tile : tiles) {
    if (at < tile.at || at >= tile.end() || !is_aligned(address_of(at), granule_)) continue;
    if (tile.kind == ExtentKind::free || (tile.kind == ExtentKind::cached && at == tile.at)) right = Fault::freed_twice;
    if (tile.kind != ExtentKind::used || at != tile.at) continue;
    right = Fault::wrong_layout;
    wrong_size = dice_.below(2) == 0     ? tile.size + granule_
                 : tile.size == granule_ ? 2 * granule_
                                         : tile.size - granule_;
  }
  const Layout wrong(wrong_size, 1);
  const Region object = heap_.object();
  const std::vector before(object.start, object.end());
  expect(stops([&] { heap_.deallocate(at, wrong); }) == right && last_stop.address == at);
  expect(stops([&] { heap_.resize(at, wrong, 1); }) == right && last_stop.address == at);
  if (right != Fault::wrong_layout) expect(stops([&] { heap_.size_of(at); }) == right);
  expect(wrong_size / granule_ > heap_.most_in_sight() || !heap_.lends(at, wrong_size / granule_));
  expect(!heap_.has_stock() || heap_.fault_in(at, wrong) == right);
  expect(std::equal(object.start, object.end(), before.begin()) && picture_of(heap_) == tiles);
}

}  // namespace bareheap::mutation
