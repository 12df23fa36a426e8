// SPDX-License-Identifier: MIT
// A heap as the judge sees it: behind virtual functions, so that of the judge's files only those that make the subjects
// have to be compiled again when the heap's headers change.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/core/region.hpp"

#include <cstddef>
#include <vector>

namespace bareheap::mutation {

/// The words of a region's record, to be spoilt.
struct Record {
  std::byte* at;
  std::size_t* map;
  std::size_t* start;
  std::size_t* first;
  std::size_t* end;
};

class Subject {
 public:
  virtual const char* name() const = 0;
  virtual std::size_t granule() const = 0;
  virtual std::size_t index_size() const = 0;
  virtual bool has_stock() const = 0;

  /// A new heap without memory.
  virtual void renew() = 0;
  /// The bytes of the heap object, which can be put back.
  virtual Region object() = 0;
  /// Of the regions, lowest first.
  virtual Record record(std::size_t index) const = 0;
  virtual std::size_t record_size() const = 0;
  virtual std::size_t map_word_size() const = 0;
  /// What of the heap object is the bins'.
  virtual Region bins() = 0;
  /// The heap's own counts of granules that are free, or could be, and of blocks that are lent or in the stock.
  virtual std::size_t free() const = 0;
  virtual std::size_t total() const = 0;
  virtual std::size_t blocks() const = 0;

  /// What bytes_needed() says for one block of so many granules, and for loads that are the same but for the order of
  /// the frees.
  static constexpr std::size_t most_needed = 8;
  virtual std::size_t needed_for_one(std::size_t granules) const = 0;
  virtual std::size_t needed(bool last_first) const = 0;

  virtual Admission init(Region region) = 0;
  virtual Admission init(Region region, Region span, std::size_t largest = 0) = 0;
  virtual Admission add(Region region) = 0;
  virtual Block allocate(Layout asked) = 0;
  virtual void deallocate(std::byte* at, Layout asked) = 0;
  virtual bool resize(std::byte* at, Layout asked, std::size_t size) = 0;
  virtual void trim() = 0;
  virtual void reset() = 0;
  virtual bool owns(const std::byte* at) const = 0;
  virtual std::size_t size_of(const std::byte* at) const = 0;
  /// Asked of the heap's view, which knows of the span alone, and looks no further than most_in_sight() granules.
  virtual bool lends(const std::byte* at, std::size_t granules) const = 0;
  virtual std::size_t most_in_sight() const = 0;
  /// Granules of the block that the view sees at the start of this granule; 0: none is lent there.
  virtual std::size_t length_in_sight(const std::byte* at) const = 0;
  /// Of a heap with a stock.
  virtual Fault fault_in(const std::byte* at, Layout asked) const = 0;
  /// What it has for engines that are made of it: rows of blocks, and its free blocks of so many granules and more.
  virtual std::size_t take_row(std::size_t granules, std::size_t count, std::byte*& first) = 0;
  virtual void give_row(std::byte* first, std::size_t granules, std::size_t count) = 0;
  virtual std::vector<Region> free_from(std::size_t granules) const = 0;
  virtual void walk(ExtentSink sink) const = 0;
  virtual const std::byte* walk_step(const std::byte* from, std::size_t count, ExtentSink sink) const = 0;
  virtual Fault check() const = 0;
  virtual CheckStep check_step(const std::byte* from, std::size_t count) const = 0;

 protected:
  ~Subject() = default;
};

// With 32-bit indexes, and with 16-bit ones.
Subject& real_time_heap();
Subject& small_real_time_heap();
Subject& granule_heap();
Subject& small_granule_heap();

}  // namespace bareheap::mutation
