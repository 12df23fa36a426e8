// SPDX-License-Identifier: MIT
//
// CpuCached: one heap for several CPUs, each with a stock of its own in front of it. What the stock serves takes no
// lock and writes nothing that another CPU writes.
//
//     CPU 0            CPU 1            CPU 2
//     loaded  spare    loaded  spare    loaded  spare        two magazines for each size up to 1008 bytes
//       | one block at a time |           |
//       v     v          v     v          v     v
//     ----------------------- one lock -----------------------
//            depot: full magazines, moved as a whole
//            Heap: fills empty magazines, takes back the rest, serves larger sizes
//
// Threads, whose stocks are had directly, keep some larger blocks too, up to 8 KiB, of the sizes that they free.
//
// A block may be freed on another CPU than it was taken on. Memory in stocks does not make a request fail: where the
// heap inside has no room, the other CPUs are asked for theirs, and hand them over (docs/cpu_cached.md has the
// protocol).
//
// For:      kernels with several CPUs, also in interrupt handlers; programs with threads.
// Not for:  one CPU; where the longest call counts. A request that finds no room waits for the other CPUs.
// Cost:     allocate and deallocate: 30 to 51 and 55 to 65 instructions where the stock serves; else as the heap
//           inside, under the lock, once for each magazine. All others as the heap inside; walk, check and trim call
//           all stocks back first.
// Overhead: 2 KiB for each CPU in the object, 4 KiB for each thread. A CPU's stock holds at most an eighth of the
//           memory, divided by the CPUs that there are when it grows, and of larger blocks 64 KiB at most; the depot a
//           sixteenth; and nothing while less than an eighth is free.
// Bad frees: as the heap inside, but that a block in a stock is known as Detection does it (parts/magazine.hpp).
#pragma once

#include "bareheap/wrappers/cpu_large.hpp"

namespace bareheap {

template <class Plain, Multiprocessor P, class Detection = ByKey>
class CpuCached : protected CpuLarge<Plain, P, Detection> {
  using Base = CpuLarge<Plain, P, Detection>;
  using typename Base::Heap;
  using typename Base::Cpu;
  using Base::is_direct;
  using Base::nests;
  using Base::classes;
  using Base::in_use;
  using Base::taking;
  using Base::layout_of;
  using Base::granules_of;
  using Base::is_stocked;
  using Base::granules_of_stocked;
  using Base::node;
  using Base::has_block;
  using Base::lend;
  using Base::try_push;
  using Base::try_put;
  using Base::keep_large;
  using Base::plan;
  using Base::join;
  using Base::try_refill;
  using Base::make_room;
  using Base::close_all;
  using Base::cpus_;
  using Base::heap_;
  using Base::times_locked_;
  using Base::threads_;
  using typename Base::Gathered;
  using typename Base::Inside;
  using typename Base::Holding;
  using typename Base::Own;
  using Base::lock;
  using Base::unlock;
  using Base::hand_over;
  using Base::serve_here;
  using Base::collect;
  using Base::gather;
  using Base::with_all;
  using Base::put_off;
  using Base::any_put_off;

 public:
  using Base::granule;

  constexpr CpuCached() noexcept = default;

  /// Bytes of the largest block that a stock may have.
  static constexpr std::size_t most_stocked = Base::most_stocked * granule;

  /// As the heap inside.
  Admission init(Region region) noexcept { return init(region, region); }
  Admission init(Region region, Region span, std::size_t largest = 0, Content content = Content::unknown) noexcept {
    const Holding held(*this, caller_here());
    const Admission admission = heap_.init(region, span, largest, content);
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
    if (const Block block = try_allocate(asked)) [[likely]] return block;
    return allocate_anew(asked);
  }

  [[gnu::always_inline]] void deallocate(std::byte* at, Layout asked) noexcept {
    if (!is_stocked(asked.size())) [[unlikely]] return deallocate_anew(at, asked.size());
    const std::size_t size = granules_of_stocked(asked.size());
    if (try_take_back(at, size)) [[likely]] return;
    deallocate_size_anew(at, size);
  }

  /// As deallocate(), where the size is not known. (Where stocks are called back by interrupt, size_of() takes the
  /// lock.)
  [[gnu::always_inline]] void release(std::byte* at) noexcept
    requires(is_direct)
  {
    if (try_release(at)) [[likely]] return;
    release_anew(at);
  }

  /// What this CPU's magazines serve. Empty or false: nothing has changed, and the rest is to be done. For those who
  /// have something to do before that.
  [[gnu::always_inline]] Block try_allocate(Layout asked) noexcept {
    if (!is_stocked(asked.size()) || asked.alignment() > granule) [[unlikely]] return {};
    const std::size_t size = granules_of_stocked(asked.size());
    const Inside inside(*this);
    if (inside && has_block(*inside, size)) [[likely]] return lend(*inside, size);
    return {};
  }

  [[gnu::always_inline]] bool try_deallocate(std::byte* at, Layout asked) noexcept {
    return is_stocked(asked.size()) && try_take_back(at, granules_of_stocked(asked.size()));
  }

  [[gnu::always_inline]] bool try_release(std::byte* at) noexcept
    requires(is_direct)
  {
    std::size_t number = 0;
    std::size_t size = 0;
    const Inside inside(*this, [&] [[gnu::always_inline]] (const Cpu& cpu) noexcept {
      number = cpu.view.number_of(at);
      size = threads_.changes.look([&]() noexcept { return cpu.view.lent_length(number); });
      return size <= classes;
    });
    return inside && try_push(*inside, at, number, size);
  }

  /// The same of larger blocks.
  using Base::try_allocate_large;
  using Base::try_release_large;

  /// The rest, which is right for anything, too.
  [[gnu::noinline]] Block allocate_anew(Layout asked) noexcept {
    const std::size_t size = granules_of(asked.size());
    const bool has_class = size <= classes && asked.alignment() <= granule;
    if (!has_class) {
      if (const Block block = try_allocate_large(asked)) return block;
      return allocate_unstocked(asked);
    }
    {
      const Inside inside(*this);  // which may serve a request for nothing, and stops where a block was written to
      if (inside && inside->racks[size].has_block()) return lend(*inside, size);
    }
    if (is_nested()) [[unlikely]] return {};
    Block block;
    {
      const Holding held(*this, caller_here());
      const Own cpu(*this);
      if (cpu && try_refill(*cpu, size)) return lend(*cpu, size);
      block = heap_.allocate(asked);
    }
    return block ? block : allocate_gathering(asked);
  }

  /// As allocate(), past the stock of this CPU: what no stock has, mostly.
  [[gnu::noinline]] Block allocate_unstocked(Layout asked) noexcept {
    if (is_nested()) [[unlikely]] return {};
    {
      const Holding held(*this, caller_here());
      if (const Block block = heap_.allocate(asked)) [[likely]] return block;
    }
    return allocate_gathering(asked);
  }

  [[gnu::noinline]] void deallocate_anew(std::byte* at, std::size_t bytes) noexcept {
    deallocate_anew(at, bytes, caller_here());
  }

  /// On behalf of a caller, whom the report of a stop names.
  [[gnu::noinline]] void deallocate_anew(std::byte* at, std::size_t bytes, const void* caller) noexcept {
    if (at == nullptr) return;
    const std::size_t size = granules_of(bytes);
    if (size > classes && try_release_large(at, bytes)) return;
    const Layout asked(bytes, granule);
    if constexpr (nests) {
      if (is_nested()) [[unlikely]] return put_off(at, asked, caller);
    }
    if (size > Base::most_stocked) {
      if (try_give_back(at, asked, caller)) [[likely]] return;
    } else if (size > classes) {
      const Holding held(*this, caller);
      if (keep_large(at, size)) return;
    } else {
      const Holding held(*this, caller);
      const Own cpu(*this);
      if (cpu && make_room(*cpu, size) && try_put(*cpu, at, size)) return;
    }
    with_lent(at, asked, caller, [&]() noexcept { heap_.deallocate(at, asked); });
  }

  [[gnu::noinline]] void release_anew(std::byte* at) noexcept
    requires(is_direct)
  {
    release_anew(at, caller_here());
  }

  [[gnu::always_inline]] void release_anew(std::byte* at, const void* caller) noexcept
    requires(is_direct)
  {
    if (at != nullptr) deallocate_anew(at, size_of(at, caller), caller);
  }

  /// Nested: no.
  [[gnu::noinline]] bool resize(std::byte* at, Layout asked, std::size_t size) noexcept {
    if (is_nested()) [[unlikely]] return false;
    bool done = false;
    with_lent(at, asked, caller_here(), [&]() noexcept { done = heap_.resize(at, asked, size); });
    return done;
  }

  /// Calls all stocks back, and merges all that the heap inside has.
  void trim() noexcept {
    with_all([&](Gathered) noexcept { heap_.trim(); });
  }

  /// Hands this CPU's stock over if it was asked for. Called by the handler of the interrupt that P::call() makes, and
  /// in loops of the program in which a CPU with masked interrupts waits for another. Never waits.
  void serve() noexcept { serve_here(); }

  /// CPU `number` runs no more, or is about to stop: its stock goes back to the heap. Called by another CPU, or by
  /// itself with interrupts masked, as its last call. If it is started again it has a stock again.
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

  /// Stops where no block is lent at this address, but not for a block in a stock that is known by its key. Takes the
  /// lock where stocks are called back by interrupt, else hardly ever; then a caller can be named, too, as above.
  using Base::size_of;

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
      // Cached blocks that are in no list of the heap inside: those of CPUs that do not answer, and put off.
      const bool are_elsewhere = Detection::is_in_map && (gathered == Gathered::not_everywhere || any_put_off());
      if (are_elsewhere && found.fault == Fault::invariant_6) found.fault = Fault::none;
    });
    return found;
  }

  /// How often the lock was taken, this time included.
  std::uint64_t times_locked() const noexcept {
    const Holding held(*this, caller_here());
    return times_locked_;
  }

  /// This is a signal's handler that has interrupted its own thread where that has the lock, or is about to: it cannot
  /// wait for it. Then allocate() answers an empty Block, resize() false, and what is freed waits in a list for whoever
  /// has the lock next; size_of() works; the others stop with a sentence. Only where the platform can tell.
  using Base::is_nested;

  /// Called by the thread that forks: before, and after in the parent and in the child. In between it has the lock, and
  /// all that is free is in the heap inside. Several threads may fork at once. What a thread has that does not answer
  /// is lost to the child, in which check() tells of it with ByMap. A nested handler forks without all this: its child
  /// must not use the heap.
  using Base::before_fork;
  using Base::after_fork_in_parent;
  using Base::after_fork_in_child;

 private:
  // Apart, so that only the size in granules need be kept until it is known that it is not needed.
  [[gnu::noinline]] void deallocate_size_anew(std::byte* at, std::size_t size) noexcept {
    deallocate_anew(at, size * granule, caller_here());
  }

  [[gnu::always_inline]] bool try_take_back(std::byte* at, std::size_t size) noexcept {
    std::size_t number = 0;
    const Inside inside(*this, [&] [[gnu::always_inline]] (const Cpu& cpu) noexcept {
      number = cpu.view.number_of(at);
      return cpu.view.lends(number, size);
    });
    return inside && try_push(*inside, at, number, size);
  }

  [[gnu::noinline]] Block allocate_gathering(Layout asked) noexcept {
    Block block;
    gather(caller_here(), [&](Gathered) noexcept {
      block = heap_.allocate(asked);
      return static_cast<bool>(block);
    });
    return block;
  }

  // What no stock has, where the heap inside judges as it takes back. False: nothing has changed.
  bool try_give_back(std::byte* at, Layout asked, const void* caller) noexcept {
    if constexpr (requires { heap_.try_deallocate(at, asked); }) {
      const auto interrupts = lock(caller);
      const bool is_done = heap_.try_deallocate(at, asked);
      unlock(interrupts);
      return is_done;
    }
    return false;
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
      is_doubtful = fault == Fault::none && asked.size() <= most_stocked && Detection::holds(node(at));
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

  template <class Action>
  void step(const std::byte* from, Action action) const noexcept {
    if (from == nullptr || Detection::is_in_map) return with_all(action);
    const Holding held(*this, caller_here());
    action(Gathered::here);
  }
};

}  // namespace bareheap
