// SPDX-License-Identifier: MIT
// The search, the fibers, and who goes on.
#include "explorer/machine.hpp"

#include <algorithm>

namespace explorer {

/// The options of one decision, and what each costs.
class Machine::Options {
 public:
  void add(Next next, unsigned cost) {
    next_.at(costs_.count) = next;
    costs_.add(cost);
  }
  const Costs& costs() const { return costs_; }
  Next operator[](unsigned index) const { return next_[index]; }

 private:
  Costs costs_;
  std::array<Next, 16> next_{};
};

Machine Machine::machine;

Outcome explore(const Program& program, const Bounds& bounds) { return Machine::the().explore(program, bounds); }

Outcome replay(const Program& program, const Bounds& bounds, const std::string& schedule, bool tells) {
  return Machine::the().replay(program, bounds, schedule, tells);
}

void run_as(unsigned cpu) { Machine::the().run_as(cpu); }

void halt() { Machine::the().halt(); }

void fail(const std::string& what) { Machine::the().fail(what); }

// --- the search

Outcome Machine::explore(const Program& program, const Bounds& bounds) {
  program_ = &program;
  bounds_ = bounds;
  Outcome outcome;
  for (unsigned long bound = 0; bound <= bounds.preemptions; ++bound) {
    if (!run_search(outcome, bound)) return outcome;
  }
  for (unsigned long run = 0; run < bounds.at_random; ++run) {
    choices_.throw_dice((bounds.seed * 0x9E3779B97F4A7C15u + run * 0xBF58476D1CE4E5B9u) | 1);
    if (!run_one(outcome)) return outcome;
  }
  return outcome;
}

bool Machine::run_search(Outcome& outcome, unsigned long bound) {
  choices_.search(bound);
  do {
    if (!run_one(outcome)) return false;
  } while (choices_.advance());
  return true;
}

Outcome Machine::replay(const Program& program, const Bounds& bounds, const std::string& schedule, bool tells) {
  program_ = &program;
  bounds_ = bounds;
  Outcome outcome;
  choices_.follow(schedule);
  tells_ = tells;
  run_one(outcome);
  tells_ = false;
  return outcome;
}

// A jump to main_ leads back from the CPUs when all have ended, and from anywhere where something has failed.
bool Machine::run_one(Outcome& outcome) {
  failure_.clear();
  cut_ = false;
  steps_ = 0;
  running_ = 0;
  begin();
  if (_setjmp(main_) == 0) {
    program_->start();
    races_.begin();
    fingerprint_.begin();
    active_ = true;
    Options options;
    for (unsigned cpu = 0; cpu < program_->cpus; ++cpu) options.add({Next::Kind::run, cpu}, 0);
    running_ = choose(options).which;
    _longjmp(cpus_[running_].resume, 1);
  }
  active_ = false;
  running_ = 0;
  if (failure_.empty() && !cut_ && _setjmp(main_) == 0) program_->finish();
  ++outcome.schedules;
  outcome.steps += steps_;
  if (failure_.empty()) return true;
  outcome.failed = true;
  outcome.what = failure_;
  outcome.schedule = choices_.schedule();
  return false;
}

void Machine::fail(const std::string& what) {
  failure_ = what;
  leave();
}

void Machine::halt() {
  if (!active_) fail("halts alone");
  Cpu& here = cpus_[running_];
  here.broken = here.idle = true;
  here.masked = false;
  say("halts", running_);
  for (;;) yield();
}

// The CPUs stay where they are.
void Machine::leave() {
  if (active_) {
    for (Cpu& cpu : cpus_) cpu.broken = cpu.broken || cpu.begun;
  }
  _longjmp(main_, 1);
}

// --- fibers

void Machine::begin() {
  choices_.rewind();
  changes_ = 0;
  for (unsigned number = 0; number < program_->cpus; ++number) {
    Cpu& cpu = cpus_[number];
    if (cpu.broken) prepare(number);
    cpu.begun = cpu.idle = cpu.masked = cpu.stuck = cpu.impatient = false;
    cpu.seen = ~std::uint64_t{0};
    cpu.points = 0;
    cpu.held.clear();
    const bool interrupted = (program_->devices >> number & 1) != 0;
    cpu.pending = {false, interrupted};
    cpu.postponed = {false, interrupted};
  }
}

// Contexts of the system save signal masks, which takes a call of it: they begin a fiber, and jumps do the rest.
void Machine::prepare(unsigned number) {
  Cpu& cpu = cpus_[number];
  cpu.stack.resize(256 * 1024);
  cpu.broken = false;
  started_ = number;
  getcontext(&cpu.context);
  cpu.context.uc_stack.ss_sp = cpu.stack.data();
  cpu.context.uc_stack.ss_size = cpu.stack.size();
  makecontext(&cpu.context, fiber, 0);
  swapcontext(&main_context_, &cpu.context);
}

void Machine::fiber() {
  Machine& machine = the();
  Cpu& cpu = machine.cpus_[machine.started_];
  if (_setjmp(cpu.resume) == 0) setcontext(&machine.main_context_);
  for (;;) machine.live();
}

// One schedule of one CPU.
void Machine::live() {
  const unsigned here = running_;
  cpus_[here].begun = true;
  program_->body(here);
  cpus_[here].idle = true;
  say("ends", here);
  yield();
}

void Machine::go_to(unsigned cpu) {
  Cpu& here = cpus_[running_];
  running_ = cpu;
  cpus_[cpu].stuck = false;
  if (_setjmp(here.resume) == 0) _longjmp(cpus_[cpu].resume, 1);
}

// --- who goes on

bool Machine::interrupted(unsigned cpu) const {
  const Cpu& one = cpus_[cpu];
  return !one.masked && std::find(one.pending.begin(), one.pending.end(), true) != one.pending.end();
}

bool Machine::can_run(unsigned number) const {
  const Cpu& cpu = cpus_[number];
  if (cpu.idle) return interrupted(number);
  return !cpu.stuck || cpu.seen != changes_ || interrupted(number);
}

// Interrupts of this CPU; an interrupt that has not been put off yet comes first. Whether there is one of those.
bool Machine::add_interrupts(Options& options, bool put_off) const {
  const Cpu& here = cpus_[running_];
  bool any = false;
  for (unsigned interrupt = 0; interrupt < interrupts && !here.masked; ++interrupt) {
    if (!here.pending[interrupt] || here.postponed[interrupt] != put_off) continue;
    options.add({Next::Kind::deliver, interrupt}, 0);
    any = true;
  }
  return any;
}

void Machine::point(bool visible) {
  if (!active_) return;
  if (++steps_ > bounds_.most_steps) fail("a CPU goes on and on");
  ++cpus_[running_].points;
  for (bool switches = visible;;) {
    Options options;
    const bool urgent = add_interrupts(options, false);
    options.add({Next::Kind::go_on}, urgent ? 1 : 0);
    add_interrupts(options, true);
    for (unsigned other = 0; other < program_->cpus && visible; ++other) {
      if (other == running_) continue;
      if (switches && can_run(other)) options.add({Next::Kind::run, other}, 1);
      if (!cpus_[other].held.empty()) options.add({Next::Kind::drain_all, other}, 0);
      if (cpus_[other].held.size() > 1) options.add({Next::Kind::drain_one, other}, 1);
    }
    const Next next = choose(options);
    if (next.kind == Next::Kind::go_on) {
      if (urgent) cpus_[running_].postponed = cpus_[running_].pending;
      return;
    }
    if (next.kind == Next::Kind::run) switches = false;
    follow(next);
  }
}

// The CPU pauses, or has ended: it takes its interrupts, or others go on, for nothing.
void Machine::yield() {
  for (;;) {
    Cpu& here = cpus_[running_];
    drain(running_, here.held.size());
    Options options;
    add_interrupts(options, false);
    add_interrupts(options, true);
    for (unsigned step = 1; step < program_->cpus && !interrupted(running_); ++step) {
      const unsigned other = (running_ + step) % program_->cpus;
      if (can_run(other)) options.add({Next::Kind::run, other}, 0);
    }
    if (options.costs().count != 0) {
      follow(choose(options));
    } else if (here.idle || here.stuck) {
      all_wait();
    }
    if (!here.idle) return;
  }
}

void Machine::follow(Next next) {
  switch (next.kind) {
    case Next::Kind::deliver: return deliver(next.which);
    case Next::Kind::run: return go_to(next.which);
    case Next::Kind::drain_all: return drain(next.which, cpus_[next.which].held.size());
    case Next::Kind::drain_one: return drain(next.which, 1);
    case Next::Kind::go_on: return;
  }
}

Machine::Next Machine::choose(const Options& options) { return options[decide(options.costs())]; }

unsigned Machine::decide(const Costs& costs) {
  const unsigned chosen = choices_.choose(costs, state(costs));
  if (chosen == Choices::no_such_option) fail("this is a schedule of another program");
  if (chosen == Choices::seen_before) {
    cut_ = true;
    leave();
  }
  return chosen;
}

// All on which it depends what can follow.
std::uint64_t Machine::state(const Costs& costs) const {
  if (costs.count == 1) return 0;
  std::uint64_t hash = running_ + 1;
  for (unsigned option = 0; option < costs.count; ++option) hash = Fingerprint::mix(hash, costs.each[option] + 1);
  for (unsigned number = 0; number < program_->cpus; ++number) {
    const Cpu& cpu = cpus_[number];
    std::uint64_t flags = cpu.held.size();
    for (const bool flag : {cpu.begun, cpu.idle, cpu.masked, cpu.stuck, cpu.impatient, cpu.seen == changes_,
                            cpu.pending[ipi], cpu.pending[device], cpu.postponed[ipi], cpu.postponed[device]}) {
      flags = flags * 2 + flag;
    }
    hash = Fingerprint::mix(Fingerprint::mix(Fingerprint::mix(hash, fingerprint_.of(number)), flags), cpu.points);
  }
  return hash;
}

// Nobody can go on. Time passes for those who wait for some rounds only. If all have ended, so has the schedule.
void Machine::all_wait() {
  bool ended = true;
  bool hope = false;
  for (unsigned cpu = 0; cpu < program_->cpus; ++cpu) {
    ended = ended && cpus_[cpu].idle;
    if (cpus_[cpu].idle || !cpus_[cpu].impatient) continue;
    cpus_[cpu].stuck = false;
    hope = true;
  }
  if (!ended && !hope) fail("every CPU waits");
  if (ended && _setjmp(cpus_[running_].resume) == 0) _longjmp(main_, 1);
}

void Machine::deliver(unsigned interrupt) {
  const unsigned here = running_;
  Cpu& cpu = cpus_[here];
  say(interrupt == ipi ? "takes the call" : "takes the device's interrupt", here);
  cpu.pending[interrupt] = cpu.postponed[interrupt] = false;
  fingerprint_.on_event(here, interrupt, cpu.points, cpu.caller);
  cpu.points = 0;
  if (interrupt == ipi) races_.on_call(here, cpu.called);
  const bool idle = cpu.idle;
  cpu.idle = cpu.stuck = false;
  cpu.masked = true;
  (interrupt == ipi ? program_->called : program_->device)(here);
  cpu.masked = false;
  cpu.idle = idle;
  say("returns from the interrupt", here);
}

}  // namespace explorer
