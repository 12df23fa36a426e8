// SPDX-License-Identifier: MIT
#include "kernels/processes/scheduler.hpp"

#include "kernels/processes/log.hpp"
#include "kernels/processes/stack.hpp"
#include "ports/common/interrupts_masked.hpp"

namespace bareheap::processes {

namespace {

using port::BoardProcessor;
using port::InterruptsMasked;

/// Each CPU reads and writes its own.
constinit Scheduler* schedulers[most_cpus] = {};

}  // namespace

Scheduler::Scheduler(ProcessTable& table, std::uint32_t cpus) noexcept
    : table_(table), cpu_(BoardProcessor::cpu()), cpus_(cpus) {
  schedulers[cpu_] = this;
}

Scheduler::~Scheduler() {
  for (std::size_t slot = cpu_; slot < slots; slot += cpus_) free_stack(table_[slot].stack);
  schedulers[cpu_] = nullptr;
}

Scheduler& Scheduler::here() noexcept { return *schedulers[BoardProcessor::cpu()]; }

void Scheduler::run(Work first) noexcept {
  if (!start(first, "init")) return;
  port::start_timer(ticks_a_second, tick);
  port::yield();
  port::stop_timer();
  reap();
}

// Several processes of this CPU may start others, and one may be preempted in the middle of it.
bool Scheduler::start(Work work, const char* name) noexcept {
  Process* const process = claim_slot();
  if (process == nullptr) return false;
  if (process->stack.size == 0) process->stack = allocate_stack();
  if (process->stack.size == 0) {
    process->become(State::none);
    return false;
  }
  process->frame = port::new_frame(process->stack, begin, process);
  process->work = work;
  process->name = name;
  process->seed = port::timer_now() * slots + process->slot + 1;
  process->deeds = {};
  const InterruptsMasked masked;
  ++sum_.started;
  ++count_;
  ready_.push_back(process);
  return true;
}

void Scheduler::reap() noexcept {
  for (std::size_t slot = cpu_; slot < slots; slot += cpus_) {
    Process& process = table_[slot];
    if (process.now() != State::ended) continue;
    const InterruptsMasked masked;
    sum_.deeds.add(process.deeds);
    ++sum_.reaped;
    --count_;
    process.become(State::none);
  }
}

void Scheduler::rest(Process& self) noexcept {
  // A process that becomes ready in between waits until the next tick, no longer.
  if (ready_.empty()) return port::wait_for_interrupt();
  self.become(State::ready);
  port::yield();
}

// Where the timer comes before yield() does, it puts the process aside as it finds it: asleep. Then yield() is called
// by one who has slept, and gives up the rest of its turn.
void Scheduler::sleep_until(Process& self, std::uint64_t moment) noexcept {
  self.wake_at = moment;
  ++self.deeds.sleeps;
  self.become(State::asleep);
  port::yield();
}

port::Frame* Scheduler::tick(port::Frame* interrupted) noexcept { return here().switch_from(interrupted); }

void Scheduler::begin(void* process) noexcept {
  Process& self = *static_cast<Process*>(process);
  self.work(self);
  self.become(State::ended);
  port::yield();
  say("process ", self.slot, " goes on after its end");
  port::exit(1);
}

port::Frame* Scheduler::switch_from(port::Frame* interrupted) noexcept {
  Process* const before = running_;
  const bool preempted = before != nullptr && before->now() == State::running;
  sum_.ticks += preempted;
  (before == nullptr ? boot_ : before->frame) = interrupted;
  if (before != nullptr) put_aside(*before);
  wake_due();
  if (ready_.empty()) {
    running_ = nullptr;
    return boot_;
  }
  running_ = ready_.front();
  ready_.pop_front();
  running_->become(State::running);
  if (running_ != before) {
    ++running_->deeds.turns;
    if (preempted) ++before->deeds.preemptions;
  }
  return running_->frame;
}

void Scheduler::put_aside(Process& process) noexcept {
  switch (process.now()) {
    case State::running:
      process.deeds.ticks_in_heap += process.calls_heap;
      process.become(State::ready);
      [[fallthrough]];
    case State::ready: ready_.push_back(&process); break;
    case State::asleep: sleeping_.emplace(process.wake_at, &process); break;
    case State::none:
    case State::ended: break;
  }
}

void Scheduler::wake_due() noexcept {
  const std::uint64_t now = port::timer_now();
  while (!sleeping_.empty() && sleeping_.begin()->first <= now) {
    Process* const process = sleeping_.begin()->second;
    sleeping_.erase(sleeping_.begin());
    process->become(State::ready);
    ready_.push_back(process);
  }
}

Process* Scheduler::claim_slot() noexcept {
  const InterruptsMasked masked;
  for (std::size_t slot = cpu_; slot < slots; slot += cpus_) {
    Process& process = table_[slot];
    if (process.now() != State::none) continue;
    process.slot = static_cast<std::uint32_t>(slot);
    process.become(State::ready);
    return &process;
  }
  return nullptr;
}

}  // namespace bareheap::processes
