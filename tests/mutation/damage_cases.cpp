// SPDX-License-Identifier: MIT
// Damage: what is written where only the heap may write has to be found by check(), whole and in steps, with the
// invariant that it breaks; or it is another picture, that everybody can see; or it does no harm.
#include "mutation/judge.hpp"

#include <algorithm>
#include <cstring>
#include <initializer_list>

namespace bareheap::mutation {
namespace {

constexpr std::size_t used_size = 400'000;  // of the arena

struct Lent {
  std::byte* at;
  Layout asked;
};

/// A heap on three regions, one of them right behind the span, with free blocks of many sizes between lent ones.
class Scene {
 public:
  explicit Scene(Subject& heap) : heap_(heap), granule_(heap.granule()), memory_(fresh_arena()) {
    heap.renew();
    const std::size_t first = heap.has_stock() ? 300'000 : 4096;  // nothing is stocked where there is little
    regions_ = {{memory_, first}, {memory_ + first + 4096, 1024}, {memory_ + first + 8192, 4096}};
    span_ = first + 8192;
    expect(static_cast<bool>(heap.init(regions_[0], {memory_, span_})));
    expect(heap.add(regions_[1]) && heap.add(regions_[2]));
    fresh_ = picture_of(heap);
    fill();
    memory_before_.assign(memory_, memory_ + used_size);
    object_before_.assign(heap.object().start, heap.object().end());
    tiles_ = picture_of(heap);
    expect(heap.check() == Fault::none);
  }

  void judge() {
    for (const Extent& tile : tiles_) {
      if (tile.kind == ExtentKind::free) judge_free(tile);
      if (tile.kind == ExtentKind::cached) judge_cached(tile);
    }
    for (std::size_t index = 0; index < regions_.size(); ++index) {
      judge_record(index);
      judge_map(heap_.record(index));
    }
    judge_quiet();
    judge_front();
    judge_object();
    if (!heap_.has_stock()) judge_false_list();
  }

 private:
  void lend(std::size_t granules) {
    const Layout asked(granules * granule_, 1);
    std::byte* const at = heap_.allocate(asked).at;
    if (at == nullptr) return;
    std::memset(at, 0x11, asked.size());
    lent_.push_back({at, asked});
  }

  void free(std::size_t index) {
    heap_.deallocate(lent_[index].at, lent_[index].asked);
    lent_.erase(lent_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  void fill() {
    for (const unsigned granules :
         {1u, 130u, 1u, 3u, 2u, 3u, 1u, 9u, 9u, 5u, 9u, 18u, 1u, 19u, 1u, 20u, 2u, 1u, 60u, 1u}) {
      lend(granules);
    }
    for (std::size_t index = 0; index < lent_.size(); ++index) free(index);
    heap_.trim();
    const std::size_t large = 1024 / granule_ + 6;  // not carved beforehand
    for (const std::size_t granules : {std::size_t{1}, std::size_t{7}, std::size_t{7}, std::size_t{7}, large, large}) {
      lend(granules);
    }
    for (unsigned count = 0; count < 4; ++count) free(lent_.size() - 1);
  }

  void put_back() {
    std::ranges::copy(memory_before_, memory_);
    std::ranges::copy(object_before_, heap_.object().start);
  }

  // Both ways to test find the same.
  Fault found() {
    const Fault fault = heap_.check();
    CheckStep step;
    std::size_t steps = 0;
    do {
      const std::byte* const from = step.next;
      step = heap_.check_step(from, 1);
      expect(++steps < 5000 && (step.next == nullptr || step.next > from));
    } while (step.next != nullptr);
    expect(step.fault == fault);
    return fault;
  }

  template <class Word>
  void expect_found(Word* at, Word value, Fault right) {
    const Word before = *at;
    *at = value;
    expect(found() == right);
    *at = before;
  }

  void expect_bits_found(std::byte* at, std::size_t size, Fault right) {
    for (std::size_t bit = 0; bit < 8 * size; ++bit) {
      expect_found(at + bit / 8, at[bit / 8] ^ std::byte{1} << bit % 8, right);
    }
  }

  std::size_t index_of(const std::byte* at) const {
    return static_cast<std::size_t>(
        std::ranges::find_if(regions_, [=](const Region& region) { return region.contains(at); }) - regions_.begin());
  }
  std::size_t number_of(const std::byte* at) const { return address_of(at - address_of(memory_)) / granule_; }

  // The byte of each plane that has the bit of a granule, and that bit.
  struct Place {
    std::byte* start;
    std::byte* kind;
    std::byte bit;
  };
  Place place_of(const std::byte* at) const { return place_of(heap_.record(index_of(at)), number_of(at)); }
  Place place_of(const Record& record, std::size_t number) const {
    const std::size_t word = heap_.map_word_size();
    const std::size_t pair = *record.map + number / (8 * word) * 2 * word;
    auto* const byte = reinterpret_cast<std::byte*>(pair + number % (8 * word) / 8);
    return {byte, byte + word, std::byte{1} << number % 8};
  }

  void judge_free(const Extent& tile) {
    const std::size_t index = heap_.index_size();
    auto* const at = const_cast<std::byte*>(tile.at);
    expect_bits_found(at, 3 * index, Fault::invariant_4);
    expect_bits_found(at + tile.size - index, index, Fault::invariant_4);
    for (std::byte* middle = at + granule_; middle < tile.end(); middle += granule_) {
      if (heap_.has_stock() && !is_near_edge(middle)) continue;
      const Place place = place_of(middle);
      expect_found(place.kind, *place.kind ^ place.bit, Fault::invariant_3);
    }
  }

  void judge_cached(const Extent& tile) {
    auto* const at = const_cast<std::byte*>(tile.at);
    expect_bits_found(at, heap_.index_size(), Fault::invariant_6);
    const auto before = std::vector(at, at + heap_.index_size());
    for (const Extent& other : tiles_) {  // itself: a list that never ends; others: of the wrong size, or out of order
      if (other.kind != ExtentKind::cached) continue;
      write(at, {number_of(other.at)});
      expect(std::equal(before.begin(), before.end(), at) || found() == Fault::invariant_6);
    }
    std::ranges::copy(before, at);
  }

  void judge_record(std::size_t index) {
    const Record record = heap_.record(index);
    for (const std::size_t wrong : {*record.start + 1, *record.start - 1}) {
      expect_found(record.start, wrong, Fault::invariant_1);
    }
    expect_found(record.first, *record.start, Fault::invariant_1);
    expect_found(record.end, *record.first, Fault::invariant_1);
    expect_found(record.end, *record.first - 1, Fault::invariant_1);
    if (index + 1 < regions_.size()) {
      expect_found(record.end, number_of(regions_[index + 1].start) + 1, Fault::invariant_1);
    }
    const std::byte* const first = memory_ + *record.first * granule_;
    const std::byte* const second = first + granule_;
    const Place place = place_of(first);
    const std::byte before[] = {*place.start, *place.kind};
    *place.start &= ~place.bit;
    *place.kind &= ~place.bit;
    expect(found() == Fault::invariant_2);  // no tile where the first one has to be
    const bool is_tile = std::ranges::find(tiles_, second, &Extent::at) != tiles_.end();
    expect(is_tile || heap_.check_step(second, 1).fault != Fault::none);
    *place.start = before[0];
    *place.kind = before[1];
  }

  void judge_map(const Record& record) {
    for (std::size_t number = *record.first; number < *record.end; ++number) {
      const std::byte* const at = memory_ + number * granule_;
      if (heap_.has_stock() && !is_near_edge(at)) continue;  // the map is large
      const Place place = place_of(at);
      for (std::byte* const byte : {place.start, place.kind}) {
        const std::byte before = *byte;
        *byte ^= place.bit;
        const bool is_found = found() != Fault::none;
        const auto tiles = picture_of(heap_);
        expect(is_found || heap_.has_stock() || count_of(tiles, ExtentKind::cached) == 0);
        if (!is_found && tiles == tiles_) expect_harmless();
        *byte = before;
      }
    }
  }

  // Where no block can be the map has no bit, but that something begins behind the last granule of each region.
  void judge_quiet() {
    const Record span = heap_.record(0);
    const Record inside = heap_.record(1);
    const Record outside = heap_.record(2);
    judge_quiet(span, *span.start, *span.first);
    judge_quiet(span, *span.end, *inside.first);
    judge_quiet(span, *inside.end, span_ / granule_ + 1);
    judge_quiet(outside, *outside.start, *outside.first);
    judge_quiet(outside, *outside.end, *outside.end + 1);
  }

  void judge_quiet(const Record& record, std::size_t first, std::size_t end) {
    for (std::size_t number = first; number < end; ++number) {
      if (number > first + 2 && number + 3 < end && number % 32 != 0 && heap_.has_stock()) continue;  // they are many
      const Place place = place_of(record, number);
      for (std::byte* const byte : {place.start, place.kind}) expect_found(byte, *byte ^ place.bit, Fault::invariant_2);
    }
  }

  bool is_near_edge(const std::byte* at) const {
    return std::ranges::any_of(tiles_, [=, this](const Extent& tile) {
      return (at >= tile.at && at <= tile.at + 2 * granule_) || (at < tile.end() && at + 2 * granule_ >= tile.end());
    });
  }

  // Everything can be freed, lent again and freed.
  void expect_harmless() {
    const auto lent_before = lent_;
    while (!lent_.empty()) free(lent_.size() / 2);
    expect(heap_.check() == Fault::none);
    for (const unsigned granules : {1u, 2u, 3u, 40u, 5u, 1u}) lend(granules);
    expect(heap_.check() == Fault::none);
    while (!lent_.empty()) free(0);
    heap_.trim();
    expect(!heap_.allocate(Layout(regions_[0].size, 1)));
    expect(heap_.check() == Fault::none && picture_of(heap_) == fresh_);
    lent_ = lent_before;
    put_back();
  }

  // Of what else the heap knows, in its object and in front of its blocks, some is never read. A wild read is better
  // than nothing.
  void judge_state(std::byte* from, std::byte* to) {
    for (std::byte* at = from; at != to; ++at) {
      for (unsigned shift = 0; shift < 8; ++shift) {
        const std::byte before = *at;
        *at ^= std::byte{1} << shift;
        Fault fault = Fault::invariant_1;
        if (survives([&] { fault = found(); }) && fault == Fault::none && picture_of(heap_) == tiles_)
          expect_harmless();
        *at = before;
      }
    }
  }

  // With a stock the last granule of a free block is an edge too. A bin that is empty gets a list of it, with a node
  // that looks right or nearly so. The bit that tells of the list stands somewhere among the words of the bins.
  void judge_false_list() {
    const auto tile = std::ranges::find_if(
        tiles_, [this](const Extent& any) { return any.kind == ExtentKind::free && any.size >= 2 * granule_; });
    std::byte* const last = const_cast<std::byte*>(tile->end()) - granule_;
    const std::size_t bin = 4;  // of four granules or five, which no free block has
    const std::size_t head = bin;
    const std::size_t other = number_of(last);
    const std::size_t used = number_of(lent_[0].at);
    struct List {
      std::size_t first, last;           // by what the head says
      std::size_t next, previous, size;  // of the false block
    };
    for (const List& list :
         {List{other, other, head, head, 4}, List{other, other, head, head, 0}, List{other, other, head, head, 9},
          List{other, other, head, other, 4}, List{other, other, other, head, 4}, List{other, head + 1, head, head, 4},
          List{used, used, head, head, 4}}) {
      for (std::size_t word = 0; word < heap_.bins().size; word += 4) {
        write(memory_ + head * granule_, {list.first, list.last});
        write(last, {list.next, list.previous, list.size});
        heap_.bins().start[word] ^= std::byte{1} << bin;
        Fault fault = Fault::invariant_5;
        static_cast<void>(survives([&] { fault = found(); }));
        expect(fault != Fault::none);
        put_back();
      }
    }
  }

  void write(std::byte* at, std::initializer_list<std::size_t> numbers) const {
    for (const std::size_t& number : numbers) {
      std::memcpy(at, &number, heap_.index_size());
      at += heap_.index_size();
    }
  }

  void judge_object() {
    const std::size_t free = heap_.free();
    std::size_t counts = 0;
    for (std::size_t offset = 0; offset < heap_.object().size; offset += sizeof free) {
      auto* const word = reinterpret_cast<std::size_t*>(heap_.object().start + offset);
      if (*word != free) continue;
      expect_found(word, free + 1, Fault::invariant_5);
      ++counts;
    }
    expect(counts == (heap_.has_stock() ? 1 : 0));  // without a stock nobody counts them
    expect(free * granule_ == bytes_of(tiles_, ExtentKind::free));
    judge_count_of_blocks();
    judge_state(heap_.bins().start, heap_.bins().end());
  }

  // It is one of the numbers of 32 bits that are as large.
  void judge_count_of_blocks() {
    expect(heap_.blocks() == count_of(tiles_, ExtentKind::used) + count_of(tiles_, ExtentKind::cached));
    std::size_t counts = 0;
    for (std::byte* at = heap_.object().start; at != heap_.object().end(); at += sizeof(std::uint32_t)) {
      auto* const number = reinterpret_cast<std::uint32_t*>(at);
      if (*number != heap_.blocks()) continue;
      const std::size_t blocks = heap_.blocks();
      ++*number;
      if (heap_.blocks() != blocks) {
        expect(found() == Fault::invariant_2);
        ++counts;
      }
      --*number;
    }
    expect(counts == 1);
  }

  // What lies in front of the first region's map, but for its record: bins, and the stock.
  void judge_front() {
    const Record record = heap_.record(0);
    judge_state(memory_, record.at);
    judge_state(record.at + heap_.record_size(), reinterpret_cast<std::byte*>(*record.map));
  }

  Subject& heap_;
  std::size_t granule_;
  std::byte* memory_;
  std::vector<Region> regions_;
  std::size_t span_ = 0;
  std::vector<Lent> lent_;
  std::vector<Extent> tiles_;
  std::vector<Extent> fresh_;
  std::vector<std::byte> memory_before_;
  std::vector<std::byte> object_before_;
};

}  // namespace

void judge_damage(Subject& heap) {
  Scene scene(heap);
  scene.judge();
}

}  // namespace bareheap::mutation
