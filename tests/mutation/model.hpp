// SPDX-License-Identifier: MIT
// What a heap of granules has to look like after each call, from what was called.
#pragma once

#include "mutation/judge.hpp"

namespace bareheap::mutation {

class Model {
 public:
  struct Live {
    std::byte* at;
    Layout asked;
    std::size_t granted;
    std::byte fill;
  };

  /// Without a span the first region is one.
  Model(Subject& heap, Dice dice, Region span = {})
      : heap_(heap), granule_(heap.granule()), dice_(dice), span_(span) {}

  /// A region that the heap took. Where it joins another the two are one; it may have been cut into several.
  void took(Region region);

  std::size_t live() const { return live_.size(); }
  const Live& block(std::size_t index) const { return live_[index]; }

  /// False: the heap refused. The refusal is judged as well.
  bool allocate(std::size_t size, std::size_t alignment);
  void free(std::size_t index);
  void resize(std::size_t index, std::size_t size);
  void free_all();
  void reset();

  /// Everything that can be asked at any time.
  void audit();

 private:
  std::size_t rounded(std::size_t size) const {
    return size == 0 ? granule_ : (size + granule_ - 1) / granule_ * granule_;
  }
  bool fits_surely(const Extent& tile, std::size_t size, std::size_t alignment) const;
  void judge_choice(const std::vector<Extent>& before, const Block& block, std::size_t size, std::size_t alignment);
  void judge_refusal(std::size_t size, std::size_t alignment) const;
  void judge_tiles(const std::vector<Extent>& tiles) const;
  void judge_steps(const std::vector<Extent>& tiles);
  void judge_address(const std::vector<Extent>& tiles);
  void remember(std::byte* at, Layout asked, std::size_t granted);

  Subject& heap_;
  std::size_t granule_;
  Dice dice_;
  Region span_;
  std::vector<Region> regions_;
  std::vector<Live> live_;  // lowest address first
  unsigned char number_ = 0;
};

}  // namespace bareheap::mutation
