// SPDX-License-Identifier: MIT
// How little memory a heap needs for a program, and how little any heap of its granule and map could need.
#pragma once

#include "heap_kind.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace bareheap::tools::replay {

/// Regions that are tried are multiples of this: 16 bytes, and for large programs at most an 8192nd of their peak.
std::size_t search_unit(std::uint64_t peak_bytes);

/// Looks for the smallest region in which `succeeds`, such that all larger ones that were tried do so too: those a unit
/// and two units larger, and 1, 2, 5, 10 and 25 % larger. (A larger region is not always better: bins and alignment
/// fall otherwise in it.)
class Search {
 public:
  /// Empty: it was not decided in time.
  using Question = std::function<std::optional<bool>(std::size_t region)>;

  Search(std::size_t unit, Question succeeds) : unit_(unit), succeeds_(std::move(succeeds)) {}

  /// `impossible` is known to be too small; `likely` is where to begin. Empty: nothing was found up to `limit`, or in
  /// time.
  std::optional<std::size_t> smallest(std::size_t impossible, std::size_t likely, std::size_t limit);

  /// Regions tried.
  std::size_t tried() const { return answers_.size(); }

  /// Whether a question was not decided in time.
  bool timed_out() const { return timed_out_; }

 private:
  struct TimedOut {};

  /// A size that fails and a larger one that works.
  struct Between {
    std::size_t fails;
    std::size_t works;
  };

  bool ask(std::size_t region);
  std::optional<std::size_t> search(std::size_t impossible, std::size_t likely, std::size_t limit);
  std::optional<Between> climb(std::size_t fails, std::size_t from, std::size_t limit);
  std::size_t bisect(Between sizes);
  std::optional<std::size_t> failure_above(std::size_t region);
  std::size_t up(std::size_t size) const { return (size + unit_ - 1) / unit_ * unit_; }

  std::size_t unit_;
  Question succeeds_;
  std::map<std::size_t, bool> answers_;
  bool timed_out_ = false;
};

/// The floor of a heap for a program.
struct Floor {
  std::uint64_t peak_taken = 0;  ///< the most bytes that lived at once, each block as large as a fresh heap makes it
  std::size_t region = 0;        ///< the smallest that has so many bytes to lend when it is fresh
};

/// Empty where no region is large enough for such a heap: for one of the blocks, or for all that live at the peak.
std::optional<Floor> floor_of(const HeapKind& heap, const Program& program,
                              const std::function<Region(std::size_t)>& region);

}  // namespace bareheap::tools::replay
