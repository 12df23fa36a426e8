// SPDX-License-Identifier: MIT
//
// The closure: every state that a tiny heap can reach. From the fresh heap, every call of a small set is applied to every
// state, until no new state appears; each step is judged by the laws. Unlike a test of sequences, however long, this
// holds for any number of calls.
//
// A state is the bytes of the heap object and of its region, and where the live blocks are and how large. So that equal
// heaps have equal bytes, what no engine wrote or will read is filled with one value: blocks, and of a free tile all but
// its node.
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

template <class Heap>
class Closure {
  static_assert(std::is_trivially_copyable_v<Heap>, "a state is put back byte by byte");

 public:
  static constexpr std::size_t most_blocks = 16;
  static constexpr std::size_t largest_node = 2 * sizeof(std::size_t);
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
      if (!state.judge.full()) step(state, [&] { return judge_.allocate(layout); });
    }
    for (std::size_t index = 0; index < state.judge.live(); ++index) {
      step(state, [&] { return judge_.free(index); });
      for (const Layout& layout : layouts_) step(state, [&] { return judge_.resize(index, layout.size()); });
    }
    put_back(state);
    if (const Law broken = judge_.free_all(); broken != Law::none) result_.law = broken;
  }

  template <class Call>
  void step(const State& state, Call call) {
    if (result_.law != Law::none) return;
    put_back(state);
    ++result_.calls;
    result_.law = call();
    if (result_.law == Law::none && judge_.refused() && !is_as_before(state)) result_.law = Law::nothing_lost;
    remember();
  }

  /// After a refusal: byte for byte, but that a heap with a stock may have trimmed it to look for room.
  bool is_as_before(const State& state) {
    const std::string refused = memory();
    if (refused == state.memory) return true;
    if constexpr (Stocked<Heap>) {
      put_back(state);
      heap_.trim();
    }
    return memory() == refused;
  }

  void put_back(const State& state) {
    heap_ = state.heap;
    judge_ = state.judge;
    std::memcpy(region_.start, state.memory.data(), region_.size);
  }

  std::string memory() const { return {reinterpret_cast<const char*>(region_.start), region_.size}; }

  /// A node that was merged away leaves its words behind, which mean nothing any more.
  void fill_free_tiles() {
    heap_.walk([](const Extent& extent) {
      if (extent.kind != ExtentKind::free || extent.size <= largest_node) return;
      std::memset(const_cast<std::byte*>(extent.at) + largest_node, memory_at_power_on, extent.size - largest_node);
    });
  }

  void remember() {
    fill_free_tiles();
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
