// SPDX-License-Identifier: MIT
#include "memory.hpp"

#include "bareheap/core/bits.hpp"

#include <algorithm>
#include <utility>

namespace bareheap::tools::replay {
namespace {

constexpr std::size_t granule = 16;

/// What a block of some layout takes from a fresh heap; asked once for each layout. 0 where it has no room for it.
class Taken {
 public:
  Taken(const HeapKind& heap, const std::function<Region(std::size_t)>& region) : heap_(heap), region_(region) {}

  std::uint64_t operator()(std::size_t size, std::uint8_t alignment_log2) {
    const auto [place, is_new] = known_.try_emplace({size, alignment_log2}, 0);
    if (is_new) place->second = ask(Layout(size, std::size_t{1} << alignment_log2));
    return place->second;
  }

 private:
  // In a region with room for the block, whatever the heap puts around it.
  std::uint64_t ask(Layout layout) const {
    const std::size_t room = align_down(4 * (layout.size() + layout.alignment()) + (std::size_t{64} << 10), granule);
    return heap_.taken(region_(room), layout);
  }

  const HeapKind& heap_;
  const std::function<Region(std::size_t)>& region_;
  std::map<std::pair<std::size_t, std::uint8_t>, std::uint64_t> known_;
};

/// Empty where there is no room for one of the blocks.
std::optional<std::uint64_t> peak_taken(const HeapKind& heap, const Program& program,
                                        const std::function<Region(std::size_t)>& region) {
  Taken taken(heap, region);
  std::vector<std::uint64_t> of_slot(program.slots);
  std::uint64_t live = 0;
  std::uint64_t peak = 0;
  for (const Step& step : program.steps) {
    live -= std::exchange(of_slot[step.slot], 0);
    if (frees(step)) continue;
    of_slot[step.slot] = taken(step.new_size != 0 ? step.new_size : step.size, step.alignment_log2);
    if (of_slot[step.slot] == 0) return {};
    live += of_slot[step.slot];
    peak = std::max(peak, live);
  }
  return peak;
}

}  // namespace

std::size_t search_unit(std::uint64_t peak_bytes) {
  return std::max(granule, align_down(static_cast<std::size_t>(peak_bytes / 8192), granule));
}

std::optional<Floor> floor_of(const HeapKind& heap, const Program& program,
                              const std::function<Region(std::size_t)>& region) {
  const std::optional<std::uint64_t> taken = peak_taken(heap, program, region);
  if (!taken) return {};
  Search search(granule, [&](std::size_t size) { return heap.lendable(region(size)) >= *taken; });
  const auto smallest = search.smallest(align_down(*taken - 1, granule), *taken, 4 * *taken + (std::size_t{64} << 10));
  if (!smallest) return {};
  return Floor{*taken, *smallest};
}

std::optional<std::size_t> Search::smallest(std::size_t impossible, std::size_t likely, std::size_t limit) {
  try {
    return search(impossible / unit_ * unit_, up(likely), limit);
  } catch (const TimedOut&) {
    timed_out_ = true;
    return {};
  }
}

std::optional<std::size_t> Search::search(std::size_t fails, std::size_t from, std::size_t limit) {
  while (const std::optional<Between> sizes = climb(fails, std::max(from, fails + unit_), limit)) {
    const std::size_t works = bisect(*sizes);
    const std::optional<std::size_t> failure = failure_above(works);
    if (!failure) return works;
    from = fails = *failure;
  }
  return {};
}

bool Search::ask(std::size_t region) {
  if (const auto known = answers_.find(region); known != answers_.end()) return known->second;
  const std::optional<bool> answer = succeeds_(region);
  if (!answer) throw TimedOut();
  return answers_[region] = *answer;
}

// In steps that double, so that a heap that needs many times the peak is found in a few.
std::optional<Search::Between> Search::climb(std::size_t fails, std::size_t from, std::size_t limit) {
  for (std::size_t step = std::max(unit_, up(from / 64)); from <= limit; step *= 2) {
    if (ask(from)) return Between{fails, from};
    fails = from;
    from += step;
  }
  return {};
}

std::size_t Search::bisect(Between sizes) {
  while (sizes.works - sizes.fails > unit_) {
    const std::size_t middle = up(sizes.fails + (sizes.works - sizes.fails) / 2);
    (ask(middle) ? sizes.works : sizes.fails) = middle;
  }
  return sizes.works;
}

// The largest of those tried that fails.
std::optional<std::size_t> Search::failure_above(std::size_t region) {
  std::optional<std::size_t> failure;
  for (const std::size_t more : {unit_, 2 * unit_, region / 100, region / 50, region / 20, region / 10, region / 4}) {
    const std::size_t size = up(region + more);
    if (size > region && !ask(size)) failure = std::max(failure.value_or(0), size);
  }
  return failure;
}

}  // namespace bareheap::tools::replay
