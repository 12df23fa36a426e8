// SPDX-License-Identifier: MIT
// How the magazines of a CPU stay its own, and how they are called back: docs/cpu_cached.md has the protocol. Signals'
// handlers that come where that cannot be, too.
#pragma once

#include "bareheap/wrappers/cpu_magazines.hpp"

namespace bareheap {

template <class Plain, Multiprocessor P, class Detection>
class CpuRecall : protected CpuMagazines<Plain, P, Detection> {
 protected:
  using Base = CpuMagazines<Plain, P, Detection>;
  using typename Base::View;
  using typename Base::Number;
  using typename Base::Interrupts;
  using typename Base::State;
  using typename Base::Rack;
  using typename Base::Cpu;
  using Base::is_direct;
  using Base::nests;
  using Base::has_place;
  using Base::granule;
  using Base::classes;
  using Base::racks_in_use;
  using Base::size_in;
  using Base::in_use;
  using Base::asked_for;
  using Base::given_up;
  using Base::taking;
  using Base::handed_over;
  using Base::layout_of;
  using Base::this_cpu;
  using Base::known_cpu;
  using Base::node;
  using Base::next_of;
  using Base::try_put;
  using Base::give_back;
  using Base::close_all;
  using Base::empty_depot;
  using Base::cpus_;
  using Base::lock_;
  using Base::heap_;
  using Base::recalls_;
  using Base::times_locked_;
  using Base::threads_;

  enum class Gathered : std::uint8_t { here, everywhere, not_everywhere };

  // This CPU's magazines, which nobody else touches as long as this lives. It takes no lock: either interrupts are
  // masked, or `inside` tells those who may want them. False: they are out of reach.
  class Inside {
   public:
    [[gnu::always_inline]] explicit Inside(const CpuRecall& heap) noexcept
        : Inside(heap, [](const Cpu&) noexcept { return true; }) {}

    /// They are out of reach, too, where the answer is no. Asked is what no magazine tells, so that it need not be
    /// here.
    template <class Question>
    [[gnu::always_inline]] Inside(const CpuRecall& heap, Question question) noexcept {
      if constexpr (has_place) {
        if (Cpu* const cpu = static_cast<Cpu*>(P::place()); cpu != nullptr) [[likely]] enter(*cpu, question);
      } else if constexpr (is_direct) {
        if (const std::uint32_t number = known_cpu(); number < P::cpus) [[likely]] enter(heap.cpus_[number], question);
      } else {
        interrupts_ = P::mask_interrupts();
        Cpu& cpu = heap.this_cpu();
        if (question(cpu)) [[likely]] cpu_ = &cpu;
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

    explicit operator bool() const noexcept { return cpu_ != nullptr; }
    Cpu* operator->() const noexcept { return cpu_; }
    Cpu& operator*() const noexcept { return *cpu_; }

   private:
    template <class Question>
    [[gnu::always_inline]] void enter(Cpu& cpu, Question question) noexcept {
      // A signal's handler that has interrupted its own thread in here stays out.
      if (cpu.inside.load(std::memory_order_relaxed) != 0) [[unlikely]] return;
      if (!question(cpu)) [[unlikely]] return;
      // Relaxed: who asks has all CPUs execute a fence after it has set the state, and looks here after that. So either
      // this store is seen there, or the state is seen here. The signal fence keeps the compiler from changing the
      // order.
      cpu.inside.store(1, std::memory_order_relaxed);
      std::atomic_signal_fence(std::memory_order_seq_cst);
      if (cpu.state.load(std::memory_order_relaxed) == in_use) [[likely]] {
        cpu_ = &cpu;
      } else {
        cpu.inside.store(0, std::memory_order_release);  // as below: it may be this 0 that is read
      }
    }

    Cpu* cpu_ = nullptr;
    Interrupts interrupts_{};
  };

  // The lock, with interrupts masked. While it waits they are as they were, and this CPU hands its stock over if it is
  // asked: who asks may hold up whoever has the lock.
  class Holding {
   public:
    Holding(const CpuRecall& heap, const void* caller) noexcept : heap_(heap), interrupts_(heap.lock(caller)) {}
    Holding(const Holding&) = delete;
    Holding& operator=(const Holding&) = delete;
    ~Holding() { heap_.unlock(interrupts_); }

   private:
    const CpuRecall& heap_;
    Interrupts interrupts_;
  };

  [[gnu::always_inline]] Interrupts lock(const void* caller) const noexcept {
    typename SpinLock<P>::State none;
    Interrupts interrupts = P::mask_interrupts();
    if (!lock_.try_lock(none)) [[unlikely]] interrupts = await_lock(interrupts, caller);
    ++times_locked_;
    if constexpr (is_direct) threads_.changes.begin();
    if constexpr (nests) {
      // Relaxed: what is put off just now is for the next one. take_put_off() looks again.
      if (any_put_off()) [[unlikely]] take_put_off();
    }
    return interrupts;
  }

  [[gnu::noinline]] Interrupts await_lock(Interrupts interrupts, const void* caller) const noexcept {
    typename SpinLock<P>::State none;
    do {
      lock_.stop_if_endless(caller);
      P::restore_interrupts(interrupts);
      serve_here();
      P::pause();
      interrupts = P::mask_interrupts();
    } while (!lock_.try_lock(none));
    return interrupts;
  }

  [[gnu::always_inline]] void unlock(Interrupts interrupts) const noexcept {
    if constexpr (is_direct) threads_.changes.end();
    typename SpinLock<P>::State none;
    lock_.unlock(none, nullptr);
    P::restore_interrupts(interrupts);
  }

  // This CPU, with the lock, where its magazines may be used; else null. State in_use stays while the lock is held, so
  // no other CPU touches them, and no signal's handler does while `inside` is set.
  class Own {
   public:
    [[gnu::always_inline]] explicit Own(const CpuRecall& heap) noexcept : cpu_(heap.own_cpu()) {
      if (is_direct && cpu_ != nullptr) {
        cpu_->inside.store(1, std::memory_order_relaxed);
        std::atomic_signal_fence(std::memory_order_seq_cst);
      }
    }
    Own(const Own&) = delete;
    Own& operator=(const Own&) = delete;
    [[gnu::always_inline]] ~Own() {
      if (is_direct && cpu_ != nullptr) cpu_->inside.store(0, std::memory_order_release);  // as Inside
    }

    explicit operator bool() const noexcept { return cpu_ != nullptr; }
    Cpu& operator*() const noexcept { return *cpu_; }

   private:
    Cpu* cpu_;
  };

  // ---- Nested.

  static bool is_nested() noexcept {
    if constexpr (nests) return P::is_nested();
    return false;
  }

  // The map tells of a lent block at any moment. Nobody can be asked for stocks, so a key judges. A block is marked as
  // one in a stock, and by its key whatever its size.
  [[gnu::cold, gnu::noinline]] void put_off(std::byte* at, Layout asked, const void* caller) noexcept
    requires(nests)
  {
    Fault fault = heap_.fault_in(at, asked);
    View view = heap_.view();
    const std::size_t number = view.number_of(at);
    if (fault == Fault::none && !Detection::try_put(node(at), view, number)) fault = Fault::freed_twice;
    if (fault != Fault::none) panic({.fault = fault, .address = at, .caller = caller});
    Number first = threads_.put_off.load(std::memory_order_relaxed);
    do {
      node(at).link(first);
      // Release: pairs with the acquire below, of this block and, since each exchange goes on from the last, of all.
    } while (!threads_.put_off.compare_exchange_strong(first, static_cast<Number>(number), std::memory_order_release,
                                                       std::memory_order_relaxed));
  }

  // Under the lock.
  [[gnu::cold, gnu::noinline]] void take_put_off() const noexcept
    requires(nests)
  {
    View view = heap_.view();
    Number first = threads_.put_off.exchange(0, std::memory_order_acquire);
    while (first != 0) {
      std::byte* const at = view.address(first);
      const Number next = next_of(at);
      Detection::take(node(at), view, first);
      heap_.deallocate(at, layout_of(heap_.size_of(at) / granule));
      first = next;
    }
  }

  bool any_put_off() const noexcept {
    if constexpr (nests) return threads_.put_off.load(std::memory_order_relaxed) != 0;
    return false;
  }

  // This CPU, where its magazines may be used. State in_use stays while the lock is held, so nobody else touches them.
  Cpu* own_cpu() const noexcept {
    Cpu& cpu = this_cpu();
    if (&cpu == &cpus_[P::cpus] || is_inside(cpu)) return nullptr;
    if constexpr (has_place) P::place() = &cpu;
    hand_over(cpu);
    collect(cpu);
    if (recalls_ == 0 && cpu.state.load(std::memory_order_relaxed) == handed_over)
      cpu.state.store(in_use, std::memory_order_relaxed);
    return cpu.state.load(std::memory_order_relaxed) == in_use ? &cpu : nullptr;
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
      cpu.handed_racks = racks_in_use(cpu);
      for (std::size_t number = 1; number <= cpu.handed_racks; ++number) {
        const Rack rack = std::exchange(cpu.racks[number], {});
        cpu.handed[2 * number] = rack.loaded.first;
        cpu.handed[2 * number + 1] = rack.spare.first;
        if (number <= classes) cpu.grown[number] = 0;
      }
      cpu.held = cpu.large_held = cpu.large_most = 0;
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

  // Directly, in the owner's stead. Masked: a handler would wait for the end of what it has interrupted.
  void hand_over_for(Cpu& cpu) const noexcept {
    const Interrupts interrupts = P::mask_interrupts();
    if (!is_inside(cpu)) hand_over(cpu);
    P::restore_interrupts(interrupts);
  }

  // Under the lock. The state stays: until nobody asks any more, nothing is stocked there.
  void collect(Cpu& cpu) const noexcept {
    if (cpu.state.load(std::memory_order_acquire) != handed_over) return;
    for (std::size_t rack = 1; rack <= cpu.handed_racks; ++rack) {
      give_back(std::exchange(cpu.handed[2 * rack], Number{0}), size_in(cpu, rack));
      give_back(std::exchange(cpu.handed[2 * rack + 1], Number{0}), size_in(cpu, rack));
    }
  }

  // Under the lock: all that can be had without asking.
  void gather_here() const noexcept {
    if (const Own cpu(*this); cpu) close_all(*cpu);
    for (Cpu& cpu : cpus_) collect(cpu);
    empty_depot();
  }

  // Under the lock: whether any CPU has been asked that may hand over soon. One that was given up does so in its own
  // time, but where the way is direct, where it can do nothing about it.
  bool ask_others() const noexcept {
    bool is_any_asked = false;
    for (Cpu& cpu : cpus_) {
      std::uint32_t state = cpu.state.load(std::memory_order_relaxed);
      if (state == in_use && cpu.joined && &cpu != &this_cpu())
        cpu.state.store(state = asked_for, std::memory_order_relaxed);
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
        if (is_direct && is_asked(state)) hand_over_for(cpu);
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
      // Directly, another may have asked for this CPU's own since, which gather_here() has emptied; but not where a
      // handler has interrupted its CPU at them.
      const bool is_own = is_direct && &cpu == &this_cpu();
      if (is_own ? is_inside(cpu) : is_asked(state) || state == taking) gathered = Gathered::not_everywhere;
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
};

}  // namespace bareheap
