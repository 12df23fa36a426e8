// SPDX-License-Identifier: MIT
//
// CpuCached: one heap for several CPUs, each with a stock of its own in front of it. What the stock serves takes no lock
// and writes nothing that another CPU writes.
//
//     CPU 0            CPU 1            CPU 2
//     loaded  spare    loaded  spare    loaded  spare        two magazines for each size up to 1008 bytes
//       | one block at a time |           |
//       v     v          v     v          v     v
//     ----------------------- one lock -----------------------
//            depot: full magazines, moved as a whole
//            Heap: fills empty magazines, takes back the rest, serves larger sizes
//
// A block may be freed on another CPU than it was taken on. Memory in stocks does not make a request fail: where the heap
// inside has no room, the other CPUs are asked for theirs, and hand them over (docs/cpu_cached.md has the protocol).
//
// For:      kernels with several CPUs, also in interrupt handlers; programs with threads.
// Not for:  one CPU; where the longest call counts. A request that finds no room waits for the other CPUs.
// Cost:     allocate and deallocate: 30 to 40 and 60 to 90 instructions where the stock serves; else as the heap inside,
//           under the lock, once for each magazine. All others as the heap inside; walk, check and trim call all stocks
//           back first.
// Overhead: 2 KiB for each CPU in the object. A CPU's stock holds at most an eighth of the memory, divided by the CPUs
//           that there are when it grows, the depot a sixteenth; and nothing while less than an eighth is free.
// Bad frees: as the heap inside, but that a block in a stock is known as Detection does it (parts/magazine.hpp).
#pragma once

#include "bareheap/core/allocator.hpp"
#include "bareheap/core/lock_policies.hpp"
#include "bareheap/core/multiprocessor.hpp"
#include "bareheap/parts/magazine.hpp"

#include <atomic>
#include <cstdint>
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

template <class Plain, Multiprocessor P, class Detection = ByKey>
class CpuCached {
  using Heap = typename Plain::template WithWords<typename Detection::Words>;
  static_assert(Viewable<Heap>);
  using View = typename Heap::View;
  using Number = typename Heap::Number;
  using Node = MagazineNode<Number>;
  using Magazines = Magazine<Number>;

 public:
  static constexpr std::size_t granule = Heap::granule;

  constexpr CpuCached() noexcept = default;

  /// As the heap inside.
  Admission init(Region region) noexcept { return init(region, region); }
  Admission init(Region region, Region span, std::size_t largest = 0) noexcept {
    const Holding held(*this, caller_here());
    const Admission admission = heap_.init(region, span, largest);
    if (admission) plan();
    return admission;
  }

  /// As the heap inside. Calls all stocks back.
  Admission add(Region region) noexcept {
    Admission admission;
    gather(caller_here(), [&](Gathered gathered) noexcept {
      if (gathered == Gathered::here) return false;
      admission = heap_.add(region);
      if (admission && gathered == Gathered::everywhere) plan();
      return true;
    });
    return admission;
  }

  [[gnu::always_inline]] Block allocate(Layout asked) noexcept {
    const std::size_t size = granules_unless_none(asked.size());
    if (size <= classes && asked.alignment() <= granule) [[likely]] {
      const Inside inside(*this);
      if (inside && inside->racks[size].loaded.first != 0) [[likely]] return lend(*inside, size);
    }
    return allocate_anew(asked);
  }

  [[gnu::always_inline]] void deallocate(std::byte* at, Layout asked) noexcept {
    const std::size_t size = granules_unless_none(asked.size());
    if (size <= classes) [[likely]] {
      const Inside inside(*this);
      if (inside && inside->racks[size].loaded.room != 0 && try_put(*inside, at, size)) [[likely]] return;
    }
    deallocate_anew(at, asked.size());
  }

  [[gnu::noinline]] bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    bool done = false;
    with_lent(at, asked, caller_here(), [&]() noexcept { done = heap_.resize(at, asked, size); });
    return done;
  }

  /// Calls all stocks back, and merges all that the heap inside has.
  void trim() noexcept {
    with_all([&](Gathered) noexcept { heap_.trim(); });
  }

  /// Hands this CPU's stock over if it was asked for. Called by the handler of the interrupt that P::call() makes, and in
  /// loops of the program in which a CPU with masked interrupts waits for another. Never waits.
  void serve() noexcept { serve_here(); }

  /// CPU `number` runs no more, or is about to stop: its stock goes back to the heap. Called by another CPU, or by itself
  /// with interrupts masked, as its last call. If it is started again it has a stock again.
  void retire(std::uint32_t number) noexcept {
    const Holding held(*this, caller_here());
    if (number >= P::cpus) return;
    Cpu& cpu = cpus_[number];
    hand_over(cpu);
    if (cpu.state.load(std::memory_order_relaxed) == taking) return;  // another CPU is about to hand all of it over
    collect(cpu);
    close_all(cpu);
    cpu.state.store(in_use, std::memory_order_relaxed);
    join(cpu, false);
  }

  bool owns(const void* at) const noexcept {
    const Holding held(*this, caller_here());
    return heap_.owns(at);
  }

  /// Stops where no block is lent at this address, but not for a block in a stock that is known by its key.
  std::size_t size_of(const std::byte* at) const noexcept {
    const Holding held(*this, caller_here());
    return heap_.size_of(at);
  }

  /// Calls all stocks back. What a CPU has that does not answer is shown as lent.
  void walk(ExtentSink sink) const noexcept {
    with_all([&](Gathered) noexcept { heap_.walk(sink); });
  }

  [[nodiscard]] Fault check() const noexcept {
    return check_step(nullptr, size_limit).fault;
  }

  /// The first step calls all stocks back; with ByMap each does. Between two steps others may change the heap.
  const std::byte* walk_step(const std::byte* from, std::size_t count, ExtentSink sink) const noexcept {
    const std::byte* next = nullptr;
    step(from, [&](Gathered) noexcept { next = heap_.walk_step(from, count, sink); });
    return next;
  }

  [[nodiscard]] CheckStep check_step(const std::byte* from, std::size_t count) const noexcept {
    CheckStep found;
    step(from, [&](Gathered gathered) noexcept {
      found = heap_.check_step(from, count);
      // Cached blocks that are in no list of the heap inside: those of CPUs that do not answer.
      const bool are_elsewhere = Detection::is_in_map && gathered == Gathered::not_everywhere;
      if (are_elsewhere && found.fault == Fault::invariant_6) found.fault = Fault::none;
    });
    return found;
  }

  /// How often the lock was taken, this time included.
  std::uint64_t times_locked() const noexcept {
    const Holding held(*this, caller_here());
    return times_locked_;
  }

 private:
  static constexpr std::size_t classes = View::most_granules < 1024 / granule ? View::most_granules : 1024 / granule;
  static constexpr std::size_t most_blocks = 64;                                     // of a magazine
  static constexpr std::size_t most_of_magazine = 20 * std::size_t{1024} / granule;  // granules

  // Whose a CPU's magazines are.
  //   in_use -> asked_for       by a CPU that needs memory, under the lock
  //   asked_for -> given_up     by the same, when it has waited too long
  //   both -> taking -> handed_over   by the CPU itself; where the way is direct, by any that finds it not inside
  //   handed_over -> in_use     by the CPU itself, under the lock, when nobody is asking
  enum State : std::uint32_t { in_use, asked_for, given_up, taking, handed_over };

  enum class Gathered : std::uint8_t { here, everywhere, not_everywhere };

  // A CPU's magazines of one size. The spare one is full, or open and empty, or closed. They are made for twice as many
  // blocks each time, so sizes that are rare take little.
  struct Rack {
    Magazines loaded;
    Magazines spare;
    std::uint8_t loaded_for = 0;  // blocks
    std::uint8_t spare_for = 0;
    std::uint8_t grown = 0;

    void swap() noexcept {
      std::swap(loaded, spare);
      std::swap(loaded_for, spare_for);
    }
  };

  // A power of two apart, which is what finding one costs least at.
  struct alignas(2048) Cpu {
    AtomicOf<P, std::uint32_t> inside{0};  // Recall::directly: this CPU is at its magazines, without the lock
    View view;
    std::size_t held = 0;    // granules for which its open magazines are made
    std::size_t closed = 0;  // the size whose magazines were closed last to make room for others
    Rack racks[classes + 1];

    alignas(128) AtomicOf<P, std::uint32_t> state{in_use};
    Number handed[2 * (classes + 1)] = {};  // lists of blocks that are handed over
    bool joined = false;                    // has magazines; under the lock
  };

  // This CPU's magazines, which nobody else touches as long as this lives. It takes no lock: either interrupts are masked,
  // or `inside` tells those who may want them. False: they are out of reach.
  class Inside {
   public:
    [[gnu::always_inline]] explicit Inside(const CpuCached& heap) noexcept {
      if constexpr (is_direct) {
        enter(heap.this_cpu());
      } else {
        interrupts_ = P::mask_interrupts();
        cpu_ = &heap.this_cpu();
      }
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    [[gnu::always_inline]] ~Inside() {
      if constexpr (is_direct) {
        // Release: who reads this 0 and takes the magazines finds them as they were left.
        if (cpu_ != nullptr) cpu_->inside.store(0, std::memory_order_release);
      } else {
        P::restore_interrupts(interrupts_);
      }
    }

    explicit operator bool() const noexcept { return !is_direct || cpu_ != nullptr; }
    Cpu* operator->() const noexcept { return cpu_; }
    Cpu& operator*() const noexcept { return *cpu_; }

   private:
    [[gnu::always_inline]] void enter(Cpu& cpu) noexcept {
      // A signal's handler that has interrupted its own thread in here stays out.
      if (cpu.inside.load(std::memory_order_relaxed) != 0) [[unlikely]] return;
      // Relaxed: who asks has all CPUs execute a fence after it has set the state, and looks here after that. So either
      // this store is seen there, or the state is seen here. The signal fence keeps the compiler from changing the order.
      cpu.inside.store(1, std::memory_order_relaxed);
      std::atomic_signal_fence(std::memory_order_seq_cst);
      if (cpu.state.load(std::memory_order_relaxed) == in_use) [[likely]] {
        cpu_ = &cpu;
      } else {
        cpu.inside.store(0, std::memory_order_release);  // as below: it may be this 0 that is read
      }
    }

    Cpu* cpu_ = nullptr;
    decltype(P::mask_interrupts()) interrupts_{};
  };

  // The lock, with interrupts masked. While it waits they are as they were, and this CPU hands its stock over if it is
  // asked: who asks may hold up whoever has the lock.
  class Holding {
   public:
    Holding(const CpuCached& heap, const void* caller) noexcept : heap_(heap), interrupts_(P::mask_interrupts()) {
      while (!heap.lock_.try_lock(none_)) {
        heap.lock_.stop_if_endless(caller);
        P::restore_interrupts(interrupts_);
        heap.serve_here();
        P::pause();
        interrupts_ = P::mask_interrupts();
      }
      ++heap.times_locked_;
    }
    Holding(const Holding&) = delete;
    Holding& operator=(const Holding&) = delete;
    ~Holding() {
      heap_.lock_.unlock(none_, nullptr);
      P::restore_interrupts(interrupts_);
    }

   private:
    const CpuCached& heap_;
    typename SpinLock<P>::State none_;
    decltype(P::mask_interrupts()) interrupts_;
  };

  static constexpr bool is_direct = P::recall == Recall::directly;

  static Layout layout_of(std::size_t size) noexcept { return {size * granule, granule}; }
  static constexpr std::size_t granules_of(std::size_t bytes) noexcept { return (bytes - (bytes != 0)) / granule + 1; }

  // The same, but that no bytes are more than anything has: they take the longer way.
  static constexpr std::size_t granules_unless_none(std::size_t bytes) noexcept { return (bytes - 1) / granule + 1; }

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

  // ---- One block. All three have the magazines for themselves.

  [[gnu::always_inline]] static Block lend(Cpu& cpu, std::size_t size) noexcept {
    Magazines& magazine = cpu.racks[size].loaded;
    const std::size_t number = magazine.first;
    std::byte* const at = cpu.view.address(number);
    magazine.first = node(at).next;
    ++magazine.room;
    Detection::take(node(at), cpu.view, number);
    return {at, size * granule};
  }

  // The loaded magazine has room. False: no block of this size is lent here, or it may be in a stock.
  [[gnu::always_inline]] static bool try_put(Cpu& cpu, std::byte* at, std::size_t size) noexcept {
    const std::size_t number = cpu.view.number_of(at);
    if (!cpu.view.lends(number, size)) [[unlikely]] return false;
    if (!Detection::try_put(node(at), cpu.view, number)) [[unlikely]] return false;
    Magazines& magazine = cpu.racks[size].loaded;
    node(at).next = magazine.first;
    magazine.first = static_cast<Number>(number);
    --magazine.room;
    return true;
  }

  // ---- What the loaded magazine does not serve.

  [[gnu::noinline]] Block allocate_anew(Layout asked) noexcept {
    const std::size_t size = granules_of(asked.size());
    const bool has_class = size <= classes && asked.alignment() <= granule;
    if (has_class) {
      const Inside inside(*this);
      if (inside && inside->racks[size].spare.first != 0) {
        inside->racks[size].swap();
        return lend(*inside, size);
      }
    }
    Block block;
    {
      const Holding held(*this, caller_here());
      Cpu* const cpu = own_cpu();
      if (has_class && cpu != nullptr && try_refill(*cpu, size)) return lend(*cpu, size);
      block = heap_.allocate(asked);
    }
    if (block) return block;
    gather(caller_here(), [&](Gathered) noexcept {
      block = heap_.allocate(asked);
      return static_cast<bool>(block);
    });
    return block;
  }

  [[gnu::noinline]] void deallocate_anew(std::byte* at, std::size_t bytes) noexcept {
    if (at == nullptr) return;
    const std::size_t size = granules_of(bytes);
    if (size <= classes) {
      const Inside inside(*this);
      if (inside && inside->racks[size].loaded.room == 0 && inside->racks[size].spare.is_empty()) {
        inside->racks[size].swap();
        if (try_put(*inside, at, size)) return;
      }
    }
    if (size <= classes) {
      const Holding held(*this, caller_here());
      Cpu* const cpu = own_cpu();
      if (cpu != nullptr && make_room(*cpu, size) && try_put(*cpu, at, size)) return;
    }
    const Layout asked(bytes, granule);
    with_lent(at, asked, caller_here(), [&]() noexcept { heap_.deallocate(at, asked); });
  }

  // Does something with a lent block, under the lock; stops where it is not lent. A key is not certain: where there is
  // one, all stocks are called back, and the map judges. The map does not know what is in the stock of a CPU that does
  // not answer; then the key judges.
  template <class Action>
  void with_lent(std::byte* at, Layout asked, const void* caller, Action action) noexcept {
    Fault fault = Fault::none;
    bool is_doubtful = false;
    {
      const Holding held(*this, caller);
      fault = heap_.fault_in(at, asked);
      is_doubtful = fault == Fault::none && granules_of(asked.size()) <= classes && Detection::holds(node(at));
      if (fault == Fault::none && !is_doubtful) action();
    }
    if (is_doubtful) {
      gather(caller, [&](Gathered gathered) noexcept {
        fault = heap_.fault_in(at, asked);
        if (fault != Fault::none) return true;
        if (gathered == Gathered::not_everywhere) fault = Fault::freed_twice;
        if (gathered == Gathered::everywhere) action();
        return false;
      });
    }
    if (fault != Fault::none) [[unlikely]] panic({.fault = fault, .address = at, .caller = caller});
  }

  // ---- Under the lock: magazines, the depot and the heap inside.

  // This CPU, where its magazines may be used. State in_use stays while the lock is held, so nobody else touches them.
  Cpu* own_cpu() const noexcept {
    Cpu& cpu = this_cpu();
    if (&cpu == &cpus_[P::cpus] || is_inside(cpu)) return nullptr;
    hand_over(cpu);
    collect(cpu);
    if (recalls_ == 0 && cpu.state.load(std::memory_order_relaxed) == handed_over)
      cpu.state.store(in_use, std::memory_order_relaxed);
    return cpu.state.load(std::memory_order_relaxed) == in_use ? &cpu : nullptr;
  }

  // Stocks are small beside the memory. The depot is empty, since all of its magazines are of the same size.
  void plan() const noexcept {
    const std::size_t share = heap_.total_granules() / (32 * share_of_one());
    magazine_granules_ = share < most_of_magazine ? share : most_of_magazine;
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
    if (recalls_ != 0 || capacity(size) < 2) return false;
    const std::size_t total = heap_.total_granules();
    if (heap_.free_granules() < total / 8) {
      close_all(cpu);
      empty_depot();
      return false;
    }
    join(cpu, true);
    const std::size_t most = total / (8 * share_of_one());
    for (std::size_t left = classes; left != 0 && cpu.held + 2 * capacity(size) * size > most; --left) close_next(cpu);
    return capacity(size) >= 2;
  }

  // What is loaded is closed, or empty, and is open afterwards.
  void open(Cpu& cpu, std::size_t size) const noexcept {
    Rack& rack = cpu.racks[size];
    const std::size_t most = capacity(size);
    const std::size_t wanted = std::size_t{2} << rack.grown;
    if (wanted < most) ++rack.grown;
    cpu.held -= rack.loaded_for * size;
    rack.loaded_for = static_cast<std::uint8_t>(wanted < most ? wanted : most);
    cpu.held += rack.loaded_for * size;
    rack.loaded = {0, rack.loaded_for};
  }

  bool try_refill(Cpu& cpu, std::size_t size) noexcept {
    if (!may_stock(cpu, size)) return false;
    Magazines& loaded = cpu.racks[size].loaded;
    if (loaded.first != 0) return true;  // a handler came before us
    open(cpu, size);
    Number& depot = depot_[size];
    if (depot == 0 || loaded.room != capacity(size)) return try_fill(cpu, size);
    loaded = {depot, 0};
    depot = node(cpu.view.address(depot)).below;
    depot_granules_ -= capacity(size) * size;
    return true;
  }

  bool try_fill(Cpu& cpu, std::size_t size) noexcept {
    const Layout layout(size * granule, granule);
    Magazines& loaded = cpu.racks[size].loaded;
    Number* link = &loaded.first;
    while (loaded.room != 0) {
      const Block block = heap_.allocate(layout);
      if (!block) break;
      const std::size_t number = cpu.view.number_of(block.at);
      if (!cpu.view.lends(number, size)) {  // outside of the span
        heap_.deallocate(block.at, layout);
        break;
      }
      Detection::put(node(block.at), cpu.view, number);
      *link = static_cast<Number>(number);
      link = &node(block.at).next;
      *link = 0;
      --loaded.room;
    }
    return loaded.first != 0;
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
    const Number first = std::exchange(rack.spare, {}).first;
    const std::size_t granules = capacity(size) * size;
    if (rack.spare_for != capacity(size) || depot_granules_ + granules > heap_.total_granules() / 16)
      return give_back(first, size);
    node(heap_.view().address(first)).below = depot_[size];
    depot_[size] = first;
    depot_granules_ += granules;
  }

  void give_back(Number first, std::size_t size) const noexcept {
    View view = heap_.view();
    while (first != 0) {
      std::byte* const at = view.address(first);
      const Number next = node(at).next;
      Detection::take(node(at), view, first);
      heap_.deallocate(at, layout_of(size));
      first = next;
    }
  }

  void close(Cpu& cpu, std::size_t size) const noexcept {
    const Rack rack = std::exchange(cpu.racks[size], {});
    cpu.held -= (std::size_t{rack.loaded_for} + rack.spare_for) * size;
    give_back(rack.loaded.first, size);
    give_back(rack.spare.first, size);
  }

  // One after the other, so that what has been used since is closed no sooner than the rest.
  void close_next(Cpu& cpu) const noexcept {
    cpu.closed = cpu.closed == classes ? 1 : cpu.closed + 1;
    close(cpu, cpu.closed);
  }

  void close_all(Cpu& cpu) const noexcept {
    for (std::size_t size = 1; size <= classes; ++size) close(cpu, size);
  }

  void empty_depot() const noexcept {
    for (std::size_t size = 1; size <= classes && depot_granules_ != 0; ++size) {
      while (depot_[size] != 0) {
        const Number first = depot_[size];
        depot_[size] = node(heap_.view().address(first)).below;
        depot_granules_ -= capacity(size) * size;
        give_back(first, size);
      }
    }
  }

  // ---- Calling stocks back.

  static bool is_inside(const Cpu& cpu) noexcept {
    // Acquire: pairs with the release of the 0.
    return is_direct && cpu.inside.load(std::memory_order_acquire) != 0;
  }

  static bool is_asked(std::uint32_t state) noexcept { return state == asked_for || state == given_up; }

  // Without the lock: empties the magazines of a CPU that was asked for them. The caller is that CPU with interrupts
  // masked, or has found it not inside after the fence of all CPUs; the exchange lets one through.
  void hand_over(Cpu& cpu) const noexcept {
    std::uint32_t state = cpu.state.load(std::memory_order_relaxed);
    // Acquire is not needed: what the magazines hold was seen by the load of `inside`, or is this CPU's own.
    while (is_asked(state)) {
      if (!cpu.state.compare_exchange_strong(state, taking, std::memory_order_relaxed, std::memory_order_relaxed))
        continue;
      for (std::size_t size = 1; size <= classes; ++size) {
        const Rack rack = std::exchange(cpu.racks[size], {});
        cpu.handed[2 * size] = rack.loaded.first;
        cpu.handed[2 * size + 1] = rack.spare.first;
      }
      cpu.held = 0;
      // Release: pairs with the acquire in collect().
      cpu.state.store(handed_over, std::memory_order_release);
      return;
    }
  }

  void serve_here() const noexcept {
    const auto interrupts = P::mask_interrupts();
    Cpu& cpu = this_cpu();
    if (is_asked(cpu.state.load(std::memory_order_relaxed)) && !is_inside(cpu)) hand_over(cpu);
    P::restore_interrupts(interrupts);
  }

  // Under the lock. The state stays: until nobody asks any more, nothing is stocked there.
  void collect(Cpu& cpu) const noexcept {
    if (cpu.state.load(std::memory_order_acquire) != handed_over) return;
    for (std::size_t size = 1; size <= classes; ++size) {
      give_back(std::exchange(cpu.handed[2 * size], Number{0}), size);
      give_back(std::exchange(cpu.handed[2 * size + 1], Number{0}), size);
    }
  }

  // Under the lock: all that can be had without asking.
  void gather_here() const noexcept {
    if (Cpu* const cpu = own_cpu(); cpu != nullptr) close_all(*cpu);
    for (Cpu& cpu : cpus_) collect(cpu);
    empty_depot();
  }

  // Under the lock: whether any CPU has been asked that may hand over soon. One that was given up does so in its own time,
  // but where the way is direct, where it can do nothing about it.
  bool ask_others() const noexcept {
    bool is_any_asked = false;
    for (Cpu& cpu : cpus_) {
      std::uint32_t state = cpu.state.load(std::memory_order_relaxed);
      if (state == in_use && cpu.joined && &cpu != &this_cpu()) cpu.state.store(state = asked_for, std::memory_order_relaxed);
      is_any_asked |= state == asked_for || state == taking || (is_direct && state == given_up);
    }
    return is_any_asked;
  }

  // Each that waits calls, also those who were asked by somebody else: that one may not have come so far yet.
  void call_others() const noexcept {
    if constexpr (is_direct) {
      P::fence_all();
    } else {
      for (std::uint32_t number = 0; number < P::cpus; ++number) {
        if (cpus_[number].state.load(std::memory_order_relaxed) == asked_for && number != P::cpu()) P::call(number);
      }
    }
  }

  // Without the lock, and serving, so that two that wait for each other both go on.
  void await_others() const noexcept {
    std::uint32_t round = 0;
    for (Cpu& cpu : cpus_) {
      for (;;) {
        if constexpr (!is_direct) serve_here();
        std::uint32_t state = cpu.state.load(std::memory_order_relaxed);
        if (is_direct && is_asked(state) && !is_inside(cpu)) hand_over(cpu);
        if (state != asked_for && state != taking) break;
        if (&cpu == &this_cpu() && is_inside(cpu)) break;  // a signal's handler does not wait for whom it interrupted
        if (P::keep_waiting(round++)) continue;
        state = asked_for;
        cpu.state.compare_exchange_strong(state, given_up, std::memory_order_relaxed, std::memory_order_relaxed);
        break;
      }
    }
  }

  // Under the lock: collects once more, on the same look that decides. What was about to be handed over when
  // gather_here() came by may have been since.
  Gathered gather_rest() const noexcept {
    Gathered gathered = Gathered::everywhere;
    for (Cpu& cpu : cpus_) {
      const std::uint32_t state = cpu.state.load(std::memory_order_relaxed);
      if (state == handed_over) collect(cpu);
      if (is_asked(state) || state == taking) gathered = Gathered::not_everywhere;
    }
    return gathered;
  }

  // Calls stocks back until `done` is content: with what can be had here, else with all. Under the lock each time.
  // Meanwhile nobody stocks anything, so that all that is free is in the heap inside when it is asked last.
  template <class Done>
  void gather(const void* caller, Done done) const noexcept {
    {
      const Holding held(*this, caller);
      gather_here();
      if (done(Gathered::here)) return;
      if (!ask_others()) {
        static_cast<void>(done(gather_rest()));
        return;
      }
      ++recalls_;
    }
    call_others();
    await_others();
    const Holding held(*this, caller);
    gather_here();
    --recalls_;
    static_cast<void>(done(gather_rest()));
  }

  template <class Action>
  void with_all(Action action) const noexcept {
    gather(caller_here(), [&](Gathered gathered) noexcept {
      if (gathered != Gathered::here) action(gathered);
      return false;
    });
  }

  template <class Action>
  void step(const std::byte* from, Action action) const noexcept {
    if (from == nullptr || Detection::is_in_map) return with_all(action);
    const Holding held(*this, caller_here());
    action(Gathered::here);
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
  mutable std::uint32_t joined_ = 0;
};

}  // namespace bareheap
