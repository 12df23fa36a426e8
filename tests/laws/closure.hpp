// SPDX-License-Identifier: MIT
//
// The closure: every state that a tiny heap can reach. From the fresh heap, every call of a small set is applied to
// every state, until no new state appears; each step is judged by the laws. Unlike a test of sequences, however long,
// this holds for any number of calls.
//
// A state is the bytes of the heap object and of its region, and where the live blocks are and how large. So that equal
// heaps have equal bytes, what no engine wrote or will read is filled with one value: blocks, and of a free or cached
// tile all but what the engine keeps in it.
#pragma once

#include "laws/auditor.hpp"

#include <deque>
#include <span>
#include <string>
#include <type_traits>
#include <unordered_set>

namespace bareheap::laws {

struct ClosureResult {
  Law law = Law::none;
  std::size_t states = 0;
  std::size_t calls = 0;
};

/// What an engine reads of a tile: so many bytes at its start, and at its end.
struct Ends {
  std::size_t at_start = size_limit;
  std::size_t at_end = 0;
};

/// What a heap reads of its free and cached tiles. Where `trims`, trim() is one of the calls, and settle(heap, layouts)
/// gives one value to what is different and means the same.
template <class Heap>
struct ReadBy {
  static constexpr Ends free{.at_start = 2 * sizeof(std::size_t)};
  static constexpr Ends cached{};
  static constexpr bool trims = false;
};

template <class Heap>
class Closure {
  static_assert(std::is_trivially_copyable_v<Heap>, "a state is put back byte by byte");

 public:
  static constexpr std::size_t most_blocks = 16;
  using Judge = Auditor<Heap, most_blocks>;

  /// `region` is the heap's for the whole run, since its state holds addresses.
  Closure(Region region, bool merges, std::span<const Layout> layouts)
      : region_(region), layouts_(layouts), heap_(), judge_(fresh(merges)) {}

  ClosureResult run(std::size_t most_states) {
    return run(most_states, [](Heap&, const Judge&, auto) {});
  }

  /// `visit(heap, judge, put_back)` sees every state; it may spoil the heap and its region, and calls put_back() then.
  template <class Visit>
  ClosureResult run(std::size_t most_states, Visit visit) {
    remember();
    while (!open_.empty() && result_.law == Law::none && result_.states < most_states) {
      const State state = std::move(open_.front());
      open_.pop_front();
      put_back(state);
      visit(heap_, judge_, [&] { put_back(state); });
      try_every_call(state);
    }
    if (!open_.empty() && result_.law == Law::none) result_.calls = 0;  // not closed: nothing is proven
    return result_;
  }

 private:
  struct State {
    Heap heap;
    std::string memory;
    Judge judge;
  };

  Judge fresh(bool merges) {
    std::memset(region_.start, memory_at_power_on, region_.size);
    const Admission admission = heap_.init(region_);
    return Judge(heap_, admission.taken, merges, Filling::uniform);
  }

  void try_every_call(const State& state) {
    for (const Layout& layout : layouts_) {
      if (!state.judge.full()) step_or_nothing(state, [&] { return judge_.allocate(layout); });
    }
    for (std::size_t index = 0; index < state.judge.live(); ++index) {
      step(state, [&] { return judge_.free(index); });
      for (const Layout& layout : layouts_) {
        const bool again = &layout != layouts_.data() && layout.size() == (&layout)[-1].size();
        if (!again) step_or_nothing(state, [&] { return judge_.resize(index, layout.size()); });
      }
    }
    if constexpr (ReadBy<Heap>::trims) {
      step(state, [&] {
        heap_.trim();
        return judge_.audit();
      });
    }
    if constexpr (requires { Heap::plan; }) {
      for (const Region& piece : Heap::plan.further) donate(state, piece);
    }
    put_back(state);
    if (const Law broken = judge_.free_all(); broken != Law::none) result_.law = broken;
    if constexpr (requires { heap_.is_whole(); }) {
      if (!heap_.is_whole()) result_.law = Law::whole_again;
    }
  }

  void donate(const State& state, const Region& piece) {
    step(state, [&] {
      const bool taken = heap_.donate(piece);
      const bool same = memory() == state.memory && std::memcmp(&heap_, &state.heap, sizeof heap_) == 0;
      return taken == same ? Law::nothing_lost : judge_.audit();
    });
  }

  template <class Call>
  void step(const State& state, Call call) {
    if (result_.law != Law::none) return;
    put_back(state);
    ++result_.calls;
    result_.law = call();
    remember();
  }

  template <class Call>
  void step_or_nothing(const State& state, Call call) {
    step(state, [&] {
      const Law law = call();
      return law == Law::none && judge_.refused() && !is_as_before(state) ? Law::nothing_lost : law;
    });
  }

  /// After a refusal: byte for byte, but that a heap with a stock may have trimmed it to look for room, and counted it.
  bool is_as_before(const State& state) {
    const State refused{heap_, memory(), judge_};
    if (refused.memory == state.memory) return true;
    if constexpr (Stocked<Heap>) {
      const Picture shown = picture_of(heap_);
      put_back(state);
      heap_.trim();
      const bool trimmed = ReadBy<Heap>::trims ? picture_of(heap_) == shown : memory() == refused.memory;
      put_back(refused);
      return trimmed;
    }
    return false;
  }

  void put_back(const State& state) {
    heap_ = state.heap;
    judge_ = state.judge;
    std::memcpy(region_.start, state.memory.data(), region_.size);
  }

  std::string memory() const { return {reinterpret_cast<const char*>(region_.start), region_.size}; }

  /// A node that was merged away leaves its words behind, which mean nothing any more.
  void fill_what_nobody_reads() {
    heap_.walk([](const Extent& extent) {
      if (extent.kind == ExtentKind::free) fill(extent, ReadBy<Heap>::free);
      if (extent.kind == ExtentKind::cached) fill(extent, ReadBy<Heap>::cached);
    });
    if constexpr (ReadBy<Heap>::trims) ReadBy<Heap>::settle(heap_, layouts_);
  }

  static void fill(const Extent& extent, Ends read) {
    if (extent.size <= read.at_start) return;
    const std::size_t size = extent.size - read.at_start - read.at_end;
    std::memset(const_cast<std::byte*>(extent.at) + read.at_start, memory_at_power_on, size);
  }

  void remember() {
    fill_what_nobody_reads();
    std::string key(reinterpret_cast<const char*>(&heap_), sizeof heap_);
    key += memory();
    for (std::size_t index = 0; index < judge_.live(); ++index) {
      const LiveBlock& block = judge_.block(index);
      for (const std::size_t word : {address_of(block.at), block.granted}) {
        key.append(reinterpret_cast<const char*>(&word), sizeof word);
      }
    }
    if (!known_.insert(std::move(key)).second) return;
    ++result_.states;
    open_.push_back({heap_, memory(), judge_});
  }

  Region region_;
  std::span<const Layout> layouts_;
  Heap heap_;
  Judge judge_;
  ClosureResult result_;
  std::deque<State> open_;
  std::unordered_set<std::string> known_;
};

}  // namespace bareheap::laws
