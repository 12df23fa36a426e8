// SPDX-License-Identifier: MIT
// A subject made of a heap of granules.
#pragma once

#include "bareheap/parts/granule_map.hpp"
#include "bareheap/parts/granule_moves.hpp"
#include "bareheap/parts/granule_space.hpp"
#include "bareheap/parts/segregated_bins.hpp"
#include "mutation/subject.hpp"

#include <new>
#include <utility>

namespace bareheap::mutation {

/// With what is there for engines that are made of it.
template <class Heap>
struct Opened : Heap {};
template <Stocked Heap>
struct Opened<Heap> : Heap {
  using Heap::each_free_from;
  using Heap::give_row;
  using Heap::take_row;
};

template <class Heap, class Index, class Word>
class SubjectOf final : public Subject {
 public:
  explicit SubjectOf(const char* name) : name_(name) {}

  const char* name() const override { return name_; }
  std::size_t granule() const override { return Heap::granule; }
  std::size_t index_size() const override { return sizeof(Index); }
  bool has_stock() const override { return Stocked<Heap>; }

  void renew() override { new (&heap_) Opened<Heap>; }
  Region object() override { return {reinterpret_cast<std::byte*>(&heap_), sizeof heap_}; }
  Record record(std::size_t index) const override {
    auto* stretch = const_cast<Stretch*>(space().stretches());
    for (; index != 0; --index) stretch = stretch->next;
    return {reinterpret_cast<std::byte*>(stretch), reinterpret_cast<std::size_t*>(&stretch->map), &stretch->start,
            &stretch->first, &stretch->end};
  }
  std::size_t record_size() const override { return sizeof(Stretch); }
  std::size_t map_word_size() const override { return sizeof(Word); }
  Region bins() override {
    return {reinterpret_cast<std::byte*>(const_cast<Bins*>(&space().bins())), sizeof(Bins)};
  }
  std::size_t free() const override {
    if constexpr (Stocked<Heap>) return heap_.free_granules();
    return space().free();
  }
  std::size_t total() const override {
    if constexpr (Stocked<Heap>) return heap_.total_granules();
    return space().total();
  }
  std::size_t blocks() const override { return space().blocks(); }

  std::size_t needed_for_one(std::size_t granules) const override {
    return for_one(std::make_index_sequence<most_needed>(), granules);
  }
  std::size_t needed(bool last_first) const override {
    constexpr Load any_order{.bytes = 900, .largest = 300, .blocks = 9};
    constexpr Load in_order{.bytes = 900, .largest = 300, .blocks = 9, .last_first = true};
    return last_first ? Heap::bytes_needed(in_order) : Heap::bytes_needed(any_order);
  }

  Admission init(Region region) override { return heap_.init(region); }
  Admission init(Region region, Region span, std::size_t largest) override {
    return largest == 0 ? heap_.init(region, span) : heap_.init(region, span, largest);
  }
  Admission add(Region region) override { return heap_.add(region); }
  Block allocate(Layout asked) override { return heap_.allocate(asked); }
  void deallocate(std::byte* at, Layout asked) override { heap_.deallocate(at, asked); }
  bool resize(std::byte* at, Layout asked, std::size_t size) override { return heap_.resize(at, asked, size); }
  void trim() override {
    if constexpr (Stocked<Heap>) heap_.trim();
  }
  void reset() override { heap_.reset(); }
  bool owns(const std::byte* at) const override { return heap_.owns(at); }
  std::size_t size_of(const std::byte* at) const override { return heap_.size_of(at); }
  bool lends(const std::byte* at, std::size_t granules) const override {
    const auto view = seen();
    const std::size_t number = view.number_of(at);
    return view.lends(number, granules) && view.address(number) == at;
  }
  std::size_t most_in_sight() const override { return Space::View::most_granules; }
  std::size_t length_in_sight(const std::byte* at) const override {
    const auto view = seen();
    return view.lent_length(view.number_of(at));
  }
  Fault fault_in(const std::byte* at, Layout asked) const override {
    if constexpr (Stocked<Heap>) return heap_.fault_in(at, asked);
    return Fault::none;
  }
  std::size_t take_row(std::size_t granules, std::size_t count, std::byte*& first) override {
    if constexpr (Stocked<Heap>) return heap_.take_row(granules, count, first);
    return 0;
  }
  void give_row(std::byte* first, std::size_t granules, std::size_t count) override {
    if constexpr (Stocked<Heap>) heap_.give_row(first, granules, count);
  }
  std::vector<Region> free_from(std::size_t granules) const override {
    std::vector<Region> found;
    if constexpr (Stocked<Heap>) heap_.each_free_from(granules, [&found](Region free) { found.push_back(free); });
    return found;
  }
  void walk(ExtentSink sink) const override { heap_.walk(sink); }
  const std::byte* walk_step(const std::byte* from, std::size_t count, ExtentSink sink) const override {
    return heap_.walk_step(from, count, sink);
  }
  Fault check() const override { return heap_.check(); }
  CheckStep check_step(const std::byte* from, std::size_t count) const override {
    return heap_.check_step(from, count);
  }

 private:
  static constexpr BinOrder order = Stocked<Heap> ? BinOrder::lowest_first : BinOrder::last_in_first;
  using Bins = SegregatedBins<Index, order>;
  using Space = GranuleSpace<GranuleMoves<GranuleMap<Word, PlainWords, Stocked<Heap>>, Bins>>;
  using Stretch = typename Space::Stretch;

  typename Space::View seen() const {
    if constexpr (Stocked<Heap>) return heap_.view();
    return space().view();
  }

  static constexpr Load one_block(std::size_t granules) {
    const std::size_t bytes = granules * Heap::granule;
    return {.bytes = bytes, .largest = bytes, .blocks = 1};
  }
  template <std::size_t... granules>
  static std::size_t for_one(std::index_sequence<granules...>, std::size_t wanted) {
    constexpr std::size_t all[] = {Heap::bytes_needed(one_block(granules + 1))...};
    return all[wanted - 1];
  }

  // The first thing in each of these heaps.
  const Space& space() const { return *reinterpret_cast<const Space*>(&heap_); }

  const char* name_;
  Opened<Heap> heap_;
};

}  // namespace bareheap::mutation
