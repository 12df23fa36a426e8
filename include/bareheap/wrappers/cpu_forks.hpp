// SPDX-License-Identifier: MIT
// Forks of a program with threads: the child of a fork has one of them, and the memory of all.
#pragma once

#include "bareheap/wrappers/cpu_recall.hpp"

namespace bareheap {

template <class Plain, Multiprocessor P, class Detection>
class CpuForks : protected CpuRecall<Plain, P, Detection> {
 protected:
  using Base = CpuRecall<Plain, P, Detection>;
  using typename Base::Rack;
  using typename Base::Cpu;
  using typename Base::Number;
  using typename Base::Holding;
  using Base::is_direct;
  using Base::in_use;
  using Base::this_cpu;
  using Base::plan;
  using Base::cpus_;
  using Base::lock_;
  using Base::recalls_;
  using Base::joined_;
  using Base::threads_;
  using Base::lock;
  using Base::unlock;
  using Base::is_nested;
  using Base::is_inside;
  using Base::gather_here;
  using Base::ask_others;
  using Base::call_others;
  using Base::await_others;
  using Base::gather_rest;

  void before_fork() noexcept
    requires(is_direct)
  {
    if (is_nested()) return;
    const void* const caller = caller_here();
    {
      const Holding held(*this, caller);
      gather_here();
      static_cast<void>(ask_others());
      ++recalls_;
    }
    call_others();
    await_others();
    threads_.interrupts = lock(caller);
    threads_.is_forking = true;
    --recalls_;
    static_cast<void>(gather_rest());  // nobody has stocked anything since
  }

  void after_fork_in_parent() noexcept
    requires(is_direct)
  {
    if (!is_forking_here()) return;
    threads_.is_forking = false;
    unlock(threads_.interrupts);
  }

  void after_fork_in_child() noexcept
    requires(is_direct)
  {
    if (!is_forking_here()) return;
    for (Cpu& cpu : cpus_) forget(cpu);
    joined_ = this_cpu().joined ? 1 : 0;
    recalls_ = 0;
    plan();
    after_fork_in_parent();
    if constexpr (requires { P::forget_others(); }) P::forget_others();
  }

 private:
  bool is_forking_here() const noexcept
    requires(is_direct)
  {
    return lock_.is_held_here() && threads_.is_forking;
  }

  // Of other CPUs the threads are gone. This one may have been interrupted at its magazines.
  void forget(Cpu& cpu) noexcept
    requires(is_direct)
  {
    const bool is_fresh = !cpu.joined && !is_inside(cpu) && cpu.state.load(std::memory_order_relaxed) == in_use;
    if (is_fresh) return;  // its pages are still the parent's, too
    cpu.state.store(in_use, std::memory_order_relaxed);
    if (&cpu == &this_cpu()) return;
    for (Rack& rack : cpu.racks) rack = {};
    for (std::uint8_t& grown : cpu.grown) grown = 0;
    for (Number& list : cpu.handed) list = 0;
    cpu.held = cpu.large_held = cpu.large_most = cpu.closed = 0;
    cpu.joined = false;
    cpu.inside.store(0, std::memory_order_relaxed);
  }
};

}  // namespace bareheap
