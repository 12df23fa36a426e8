// SPDX-License-Identifier: MIT
// The magazines of all CPUs of a CpuCached heap, with the depot and the heap inside, which are under one lock. Who may
// touch what, and when, is not decided here: who calls has a CPU's magazines for itself, or has the lock.
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/core/lock_policies.hpp"
#include "bareheap/core/multiprocessor.hpp"
#include "bareheap/parts/change_count.hpp"
#include "bareheap/parts/magazine.hpp"

#include <atomic>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace bareheap {

/// What the heap inside has to tell beyond an Allocator: its blocks have numbers, and a View can look at them while
/// others change the heap. GranuleHeap does.
template <class Heap>
concept Viewable = SelfSizing<Heap> && Growable<Heap> && Stocked<Heap> && Stepwise<Heap> &&
                   requires(const Heap& heap, const std::byte* at, Layout asked) {
                     { heap.fault_in(at, asked) } noexcept -> std::same_as<Fault>;
                     { heap.view() } noexcept -> std::same_as<typename Heap::View>;
                     { heap.free_granules() } noexcept -> std::same_as<std::size_t>;
                     { heap.total_granules() } noexcept -> std::same_as<std::size_t>;
                   };

template <class Plain, Multiprocessor P, class Detection>
class CpuMagazines {
 protected:
  constexpr CpuMagazines() noexcept = default;

  static constexpr bool is_direct = P::recall == Recall::directly;
  static constexpr bool nests = is_direct && requires { { P::is_nested() } noexcept -> std::same_as<bool>; };

  static constexpr bool has_place = is_direct && requires { { P::place() } noexcept -> std::same_as<void*&>; };

  using Words = typename Detection::Words;
  using Heap = typename Plain::template WithWords<std::conditional_t<nests, InterruptedWords<Words>, Words>>;
  static_assert(Viewable<Heap>);
  using View = typename Heap::View;
  using Number = typename Heap::Number;
  using Node = MagazineNode<Number>;
  using Magazines = Magazine<Number>;
  using Rack = MagazineRack<Number>;
  using Interrupts = decltype(P::mask_interrupts());

  static constexpr std::size_t granule = Heap::granule;
  static constexpr std::size_t classes = View::most_granules < 1024 / granule ? View::most_granules : 1024 / granule;
  static constexpr std::size_t most_blocks = 64;                                     // of a magazine
  static constexpr std::size_t most_of_magazine = 20 * std::size_t{1024} / granule;  // granules

  // Where the way is direct there are further racks, for larger blocks (cpu_large.hpp).
  static constexpr std::size_t large_racks = is_direct ? 32 : 0;
  static constexpr std::size_t last_rack = classes + large_racks;
  static constexpr std::size_t most_stocked = is_direct ? 8192 / granule : classes;            // granules
  static constexpr std::size_t most_large = is_direct ? std::size_t{65536} / granule : 0;      // granules, of a CPU

  // Whose a CPU's magazines are.
  //   in_use -> asked_for       by a CPU that needs memory, under the lock
  //   asked_for -> given_up     by the same, when it has waited too long
  //   both -> taking -> handed_over   by the CPU itself; where the way is direct, by any that finds it not inside
  //   handed_over -> in_use     by the CPU itself, under the lock, when nobody is asking
  enum State : std::uint32_t { in_use, asked_for, given_up, taking, handed_over };

  // A power of two apart, which is what finding one costs least at.
  struct alignas(is_direct ? 4096 : 2048) Cpu {
    AtomicOf<P, std::uint32_t> inside{0};  // Recall::directly: this CPU is at its magazines, without the lock
    AtomicOf<P, std::uint32_t> state{in_use};  // here, as both are looked at in each call; others write it rarely
    View view;
    std::size_t held = 0;    // granules for which its open magazines are made
    std::size_t closed = 0;  // the size whose magazines were closed last to make room for others
    Rack racks[last_rack + 1];
    std::uint8_t grown[classes + 1] = {};
    std::uint16_t large[large_racks + 1] = {};  // granules of the blocks in each rack behind `classes`
    std::size_t large_held = 0;                 // granules in those
    std::size_t large_most = 0;                 // of them, as it was when they grew last; 0: all are closed
    std::size_t large_closed = 0;               // the one that was emptied last to make room for others

    alignas(128) Number handed[2 * (last_rack + 1)] = {};  // lists of blocks that are handed over
    std::size_t handed_racks = 0;                          // of so many racks
    bool joined = false;                                 // has magazines; under the lock
  };

  static Layout layout_of(std::size_t size) noexcept { return {size * granule, granule}; }
  static constexpr std::size_t granules_of(std::size_t bytes) noexcept { return (bytes - (bytes != 0)) / granule + 1; }

  // Of larger blocks of this size.
  static constexpr std::size_t most_in_list(std::size_t size) noexcept { return most_large / 4 / size; }

  static std::size_t racks_in_use(const Cpu& cpu) noexcept { return cpu.large_most == 0 ? classes : last_rack; }

  // Of the blocks in a rack.
  static std::size_t size_in(const Cpu& cpu, std::size_t rack) noexcept {
    if constexpr (!is_direct) return rack;
    return rack <= classes ? rack : cpu.large[rack - classes];
  }

  // No bytes are more than anything has: they take the longer way.
  static constexpr bool is_stocked(std::size_t bytes) noexcept { return bytes - 1 < classes * granule; }
  static constexpr std::size_t granules_of_stocked(std::size_t bytes) noexcept {
    return (bytes + (granule - 1)) / granule;
  }

  // Before the lock is taken it may not be known yet.
  [[gnu::always_inline]] static std::uint32_t known_cpu() noexcept {
    if constexpr (requires { P::known_cpu(); }) {
      return P::known_cpu();
    } else {
      return P::cpu();
    }
  }

  [[gnu::always_inline]] Cpu& this_cpu() const noexcept {
    const std::uint32_t number = known_cpu();
    return cpus_[number < P::cpus ? number : P::cpus];
  }

  [[gnu::always_inline]] static Node& node(std::byte* at) noexcept { return *reinterpret_cast<Node*>(at); }

  // Stops where the block was written to since it came into its list.
  [[gnu::always_inline]] static Number next_of(std::byte* at) noexcept {
    if (!node(at).is_whole()) [[unlikely]] stop_at_torn(at);
    return node(at).next();
  }

  [[noreturn, gnu::cold, gnu::noinline]] static void stop_at_torn(std::byte* at) noexcept {
    panic({.fault = Fault::written_after_free, .address = at, .caller = caller_here()});
  }

  // ---- One block. All of these have the magazines for themselves.

  // False for a block that was written to, too: who takes the longer way comes upon it.
  [[gnu::always_inline]] static bool has_block(Cpu& cpu, std::size_t size) noexcept {
    Rack& rack = cpu.racks[size];
    return rack.has_block() && node(cpu.view.address(rack.loaded.first)).is_whole();
  }

  [[gnu::always_inline]] static Block lend(Cpu& cpu, std::size_t size) noexcept {
    Magazines& magazine = cpu.racks[size].loaded;
    const std::size_t number = magazine.first;
    std::byte* const at = cpu.view.address(number);
    magazine.first = next_of(at);
    ++magazine.room;
    Detection::take(node(at), cpu.view, number);
    return {at, size * granule};
  }

  // False: no block of this size is lent here, or it may be in a stock, or the loaded magazine has no room.
  [[gnu::always_inline]] static bool try_put(Cpu& cpu, std::byte* at, std::size_t size) noexcept {
    const std::size_t number = cpu.view.number_of(at);
    return cpu.view.lends(number, size) && try_push(cpu, at, number, size);
  }

  // The same of a block that is lent; size 0, which no block has, has no room.
  [[gnu::always_inline]] static bool try_push(Cpu& cpu, std::byte* at, std::size_t number, std::size_t size) noexcept {
    if (!cpu.racks[size].has_room()) [[unlikely]] return false;
    Magazines& magazine = cpu.racks[size].loaded;
    if (!Detection::try_put(node(at), cpu.view, number)) [[unlikely]] return false;
    node(at).link(magazine.first);
    magazine.first = static_cast<Number>(number);
    --magazine.room;
    return true;
  }

  // ---- Under the lock: magazines, the depot and the heap inside.

  // Stocks are small beside the memory. The depot is empty, since all of its magazines are of the same size.
  void plan() const noexcept {
    const std::size_t share = heap_.total_granules() / (32 * share_of_one());
    magazine_granules_ = share < most_of_magazine ? share : most_of_magazine;
    large_granules_ = share < most_large ? share : most_large;
  }

  std::size_t share_of_one() const noexcept { return joined_ != 0 ? joined_ : 1; }

  void join(Cpu& cpu, bool joined) const noexcept {
    if (cpu.joined == joined) return;
    cpu.joined = joined;
    cpu.view = heap_.view();
    joined_ += joined ? 1U : -1U;
    empty_depot();
    plan();
  }

  // Blocks of the largest magazine.
  std::size_t capacity(std::size_t size) const noexcept {
    const std::size_t blocks = magazine_granules_ / size;
    return blocks < most_blocks ? blocks : most_blocks;
  }

  // Whether this CPU may open two more magazines of this size. Where memory is scarce there are none.
  bool may_stock(Cpu& cpu, std::size_t size) noexcept {
    if (recalls_ != 0 || capacity(size) < 2 || !has_plenty(cpu)) return false;
    join(cpu, true);
    const std::size_t most = heap_.total_granules() / (8 * share_of_one()) - large_granules_;
    for (std::size_t left = classes; left != 0 && cpu.held + 2 * capacity(size) * size > most; --left) close_next(cpu);
    return capacity(size) >= 2;
  }

  bool has_plenty(Cpu& cpu) const noexcept {
    if (heap_.free_granules() >= heap_.total_granules() / 8) return true;
    close_all(cpu);
    empty_depot();
    return false;
  }

  // What is loaded is closed, or empty, and is open afterwards.
  void open(Cpu& cpu, std::size_t size) const noexcept {
    Rack& rack = cpu.racks[size];
    const std::size_t most = capacity(size);
    const std::size_t wanted = std::size_t{2} << cpu.grown[size];
    if (wanted < most) ++cpu.grown[size];
    cpu.held -= rack.loaded.made_for * size;
    const auto blocks = static_cast<std::uint16_t>(wanted < most ? wanted : most);
    cpu.held += blocks * size;
    rack.loaded = {0, blocks, blocks};
  }

  bool try_refill(Cpu& cpu, std::size_t size) noexcept {
    if (!may_stock(cpu, size)) return false;
    Magazines& loaded = cpu.racks[size].loaded;
    if (loaded.first != 0) return true;  // a handler came before us
    open(cpu, size);
    if (depot_[size] == 0 || loaded.room != capacity(size)) return try_fill(cpu, size);
    loaded.first = take_from_depot(size);
    loaded.room = 0;
    return true;
  }

  bool try_fill(Cpu& cpu, std::size_t size) noexcept {
    Magazines& loaded = cpu.racks[size].loaded;
    Node* last = nullptr;
    while (loaded.room != 0) {
      std::byte* at = nullptr;
      const std::size_t count = take_row(size, loaded.room, at);
      if (count == 0) break;
      std::size_t number = cpu.view.number_of(at);
      if (!cpu.view.lends(number, size)) {  // outside of the span
        give_row(at, size, count);
        break;
      }
      if (last == nullptr) {
        loaded.first = static_cast<Number>(number);
      } else {
        last->link(static_cast<Number>(number));
      }
      loaded.room = static_cast<std::uint16_t>(loaded.room - count);
      for (const std::size_t end = number + count * size; number != end; number += size) {
        last = &node(cpu.view.address(number));
        Detection::put(*last, cpu.view, number);
        last->link(static_cast<Number>(number + size));
      }
      last->link(0);
    }
    return loaded.first != 0;
  }

  // Blocks of the heap inside that lie in a row: up to so many, of an engine that can, else one.
  std::size_t take_row(std::size_t size, std::size_t count, std::byte*& first) const noexcept {
    if constexpr (requires { heap_.allocate_row(size, count, first); }) {
      if (const std::size_t found = heap_.allocate_row(size, count, first); found != 0) return found;
    }
    const Block block = heap_.allocate(layout_of(size));
    first = block.at;
    return block ? 1 : 0;
  }

  void give_row(std::byte* first, std::size_t size, std::size_t count) const noexcept {
    if constexpr (requires { heap_.deallocate_row(first, size, count); }) {
      heap_.deallocate_row(first, size, count);
    } else {
      for (; count != 0; --count, first += size * granule) heap_.deallocate(first, layout_of(size));
    }
  }

  bool make_room(Cpu& cpu, std::size_t size) noexcept {
    if (!may_stock(cpu, size)) return false;
    Rack& rack = cpu.racks[size];
    if (rack.loaded.room != 0) return true;
    if (!rack.loaded.is_closed()) {
      if (rack.spare.first != 0) put_away(rack, size);
      rack.swap();
    }
    if (rack.loaded.is_closed()) open(cpu, size);
    return true;
  }

  // The spare magazine, which is full.
  void put_away(Rack& rack, std::size_t size) noexcept {
    const Number first = std::exchange(rack.spare.first, Number{0});
    const std::size_t granules = capacity(size) * size;
    if (rack.spare.made_for != capacity(size) || depot_granules_ + granules > heap_.total_granules() / 16)
      return give_back(first, size);
    node(heap_.view().address(first)).stack_on(depot_[size]);
    depot_[size] = first;
    depot_granules_ += granules;
  }

  // There is one.
  Number take_from_depot(std::size_t size) const noexcept {
    const Number first = depot_[size];
    std::byte* const at = heap_.view().address(first);
    Node& taken = node(at);
    if (!taken.is_whole_but_below()) [[unlikely]] stop_at_torn(at);
    depot_[size] = taken.below();
    taken.link(taken.next());
    depot_granules_ -= capacity(size) * size;
    return first;
  }

  void give_back(Number first, std::size_t size) const noexcept {
    View view = heap_.view();
    while (first != 0) {
      std::size_t lowest = first;
      std::size_t count = 0;
      // Mostly the next one in the list is a neighbour.
      for (; first != 0 && (first == lowest + count * size || first + size == lowest); ++count) {
        if (first < lowest) lowest = first;
        std::byte* const at = view.address(first);
        const Number next = next_of(at);
        Detection::take(node(at), view, first);
        first = next;
      }
      give_row(view.address(lowest), size, count);
    }
  }

  void close(Cpu& cpu, std::size_t number) const noexcept {
    const Rack rack = std::exchange(cpu.racks[number], {});
    const std::size_t size = size_in(cpu, number);
    if (number <= classes) {
      cpu.held -= (std::size_t{rack.loaded.made_for} + rack.spare.made_for) * size;
      cpu.grown[number] = 0;
    } else if (rack.loaded.first != 0) {
      cpu.large_held -= (most_in_list(size) - rack.loaded.room) * size;
    }
    give_back(rack.loaded.first, size);
    give_back(rack.spare.first, size);
  }

  // One after the other, so that what has been used since is closed no sooner than the rest.
  void close_next(Cpu& cpu) const noexcept {
    cpu.closed = cpu.closed == classes ? 1 : cpu.closed + 1;
    close(cpu, cpu.closed);
  }

  void close_all(Cpu& cpu) const noexcept {
    const std::size_t last = racks_in_use(cpu);
    for (std::size_t rack = 1; rack <= last; ++rack) close(cpu, rack);
    cpu.large_most = 0;
  }

  void empty_depot() const noexcept {
    for (std::size_t size = 1; size <= classes && depot_granules_ != 0; ++size) {
      while (depot_[size] != 0) give_back(take_from_depot(size), size);
    }
  }

  // Reading calls stocks back, so all of it changes.
  mutable Cpu cpus_[P::cpus + 1];  // the last one is of those that are not known, and is always empty
  mutable SpinLock<P> lock_;
  mutable Heap heap_;
  mutable Number depot_[classes + 1] = {};    // the uppermost magazine of each stack
  mutable std::size_t depot_granules_ = 0;
  mutable std::uint32_t recalls_ = 0;  // CPUs that wait for others' stocks
  mutable std::uint64_t times_locked_ = 0;
  mutable std::size_t magazine_granules_ = 0;
  mutable std::size_t large_granules_ = 0;
  mutable std::uint32_t joined_ = 0;

  // What only threads need.
  struct Threads {
    ChangeCount<AtomicOf<P, std::uint64_t>> changes;  // of the heap inside
    AtomicOf<P, Number> put_off{0};                   // the first block that a nested handler has freed
    Interrupts interrupts{};                          // while a thread forks
    bool is_forking = false;
  };
  struct NoThreads {};
  [[no_unique_address]] mutable std::conditional_t<is_direct, Threads, NoThreads> threads_;
};

}  // namespace bareheap
