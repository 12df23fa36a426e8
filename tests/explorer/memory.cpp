// SPDX-License-Identifier: MIT
// What code on a CPU can do, and memory.
#include "explorer/machine.hpp"

#include <cstdio>
#include <cstring>

extern "C" const char __executable_start;  // from the linker: addresses are told from there, as addr2line wants them

namespace explorer {

bool Machine::mask() {
  point(false);
  const bool before = cpus_[running_].masked;
  cpus_[running_].masked = true;
  return before;
}

void Machine::unmask(bool masked) {
  cpus_[running_].masked = masked;
  point(false);
}

void Machine::call(unsigned other) {
  if (!active_) return call_alone(other);
  point(true);
  say("calls CPU", other);
  fingerprint_.on_event(running_, other);
  cpus_[other].caller = fingerprint_.of(running_);
  cpus_[other].called = races_.published(running_, std::memory_order_release);
  cpus_[other].pending[ipi] = true;
  cpus_[other].postponed[ipi] = false;
  ++changes_;
}

// Before and after the schedule the CPU that is called answers at once.
void Machine::call_alone(unsigned other) {
  const unsigned caller = running_;
  running_ = other;
  program_->called(other);
  running_ = caller;
}

void Machine::pause() {
  if (!active_) fail("waits alone");
  if (++steps_ > bounds_.most_steps) fail("a CPU goes on and on");
  Cpu& here = cpus_[running_];
  ++here.points;
  drain(running_, here.held.size());
  here.stuck = here.seen == changes_;
  here.seen = changes_;
  yield();
}

bool Machine::keep_waiting(unsigned round) {
  if (!active_) return false;
  if (round >= program_->patience) return false;
  cpus_[running_].impatient = program_->patience != for_ever;
  pause();
  cpus_[running_].impatient = false;
  return true;
}

void Machine::fence_all() {
  point(true);
  for (unsigned cpu = 0; cpu < program_->cpus; ++cpu) {
    drain(cpu, cpus_[cpu].held.size());
    races_.on_fence(cpu, std::memory_order_seq_cst);
    fingerprint_.on_event(running_, cpu, fingerprint_.of(cpu));
  }
  for (unsigned cpu = 0; cpu < program_->cpus; ++cpu) fingerprint_.on_event(cpu, running_, fingerprint_.of(running_));
}

std::uint64_t Machine::load(Place place, std::memory_order order) {
  point(place);
  const std::uint64_t value = read(place);
  if (active_) {
    check_race(place, false);
    races_.on_load(running_, place.at, order);
    fingerprint_.on_load(running_, place.at);
    cpus_[running_].points = 0;
  }
  say("load", place, value, order);
  return value;
}

void Machine::store(Place place, std::uint64_t value, std::memory_order order) {
  point(place);
  say("store", place, value, order);
  if (!active_) return write(place, value);
  check_race(place, true);
  const Clock clock = races_.published(running_, order);
  cpus_[running_].points = 0;
  if (order == std::memory_order_seq_cst || !holds_back()) {
    drain(running_, cpus_[running_].held.size());
    write(place, value);
    races_.on_store(place.at, clock);
    fingerprint_.on_store(running_, place.at);
    return;
  }
  if (cpus_[running_].held.size() == most_held) drain(running_, 1);
  cpus_[running_].held.push_back({place, value, clock});
  fingerprint_.on_event(running_, value);
}

// A store cannot be seen before those that are held back.
bool Machine::holds_back() {
  if (!bounds_.store_buffers) return false;
  if (!cpus_[running_].held.empty()) return true;
  Costs costs;
  costs.add(0);
  costs.add(1);
  const bool holds = decide(costs) == 1;
  if (holds) say("holds this store back", running_);
  return holds;
}

std::uint64_t Machine::change(Place place, Change how, std::uint64_t value, std::memory_order order) {
  point(place);
  drain(running_, cpus_[running_].held.size());
  const std::uint64_t before = read(place);
  switch (how) {
    case Change::exchange: write(place, value); break;
    case Change::add: write(place, before + value); break;
    case Change::bits_or: write(place, before | value); break;
    case Change::bits_and: write(place, before & value); break;
    case Change::bits_xor: write(place, before ^ value); break;
  }
  if (active_) {
    check_race(place, true);
    races_.on_exchange(running_, place.at, order);
    fingerprint_.on_store(running_, place.at);
    cpus_[running_].points = 0;
  }
  say("change", place, read(place), order);
  return before;
}

bool Machine::compare_exchange(Place place, std::uint64_t& expected, std::uint64_t value, std::memory_order success,
                               std::memory_order failure) {
  point(place);
  drain(running_, cpus_[running_].held.size());
  const std::uint64_t before = read(place);
  const bool equal = before == expected;
  if (equal) write(place, value);
  if (active_) {
    check_race(place, equal);
    if (equal) races_.on_exchange(running_, place.at, success);
    if (equal) fingerprint_.on_store(running_, place.at);
    if (!equal) races_.on_load(running_, place.at, failure);
    if (!equal) fingerprint_.on_load(running_, place.at);
    cpus_[running_].points = 0;
  }
  say(equal ? "exchange" : "no exchange", place, equal ? value : before, equal ? success : failure);
  expected = before;
  return equal;
}

void Machine::fence(std::memory_order order) {
  point(false);
  if (!active_) return;
  if (order == std::memory_order_seq_cst) drain(running_, cpus_[running_].held.size());
  races_.on_fence(running_, order);
  fingerprint_.on_event(running_, static_cast<std::uint64_t>(order));
}

void Machine::check_access(std::size_t offset, std::size_t size, bool writes, const void* caller) {
  if (interrupted(running_)) point(false);
  for (std::size_t word = offset / 4; word <= (offset + size - 1) / 4; ++word) {
    if (races_.access(running_, arena + word * 4, writes, false, choices_.is_known())) continue;
    char text[160];
    std::snprintf(text, sizeof(text), "CPU %u %s arena+%#zx in no order with another CPU (code at %#tx)", running_,
                  writes ? "writes" : "reads", offset, static_cast<const char*>(caller) - &__executable_start);
    fail(text);
  }
}

void Machine::check_race(Place place, bool writes) {
  const bool is_known = choices_.is_known();
  bool in_order = true;
  for (unsigned byte = 0; byte < place.size; byte += 4) {
    in_order = races_.access(running_, static_cast<std::byte*>(place.at) + byte, writes, true, is_known) && in_order;
  }
  if (in_order) return;
  fail("CPU " + std::to_string(running_) + (writes ? " writes" : " reads") + " atomically in line " +
       std::to_string(place.line) + " what another CPU uses otherwise, in no order");
}

// --- memory

std::uint64_t Machine::read(Place place) const {
  const auto& held = cpus_[running_].held;
  for (auto store = held.rbegin(); active_ && store != held.rend(); ++store) {
    if (store->place.at == place.at) return store->value;
  }
  std::uint64_t value = 0;
  std::memcpy(&value, place.at, place.size);
  return value;
}

void Machine::write(Place place, std::uint64_t value) {
  if (std::memcmp(place.at, &value, place.size) == 0) return;
  std::memcpy(place.at, &value, place.size);
  ++changes_;
}

void Machine::drain(unsigned cpu, std::size_t count) {
  auto& held = cpus_[cpu].held;
  for (; count != 0; --count) {
    write(held.front().place, held.front().value);
    races_.on_store(held.front().place.at, held.front().clock);
    fingerprint_.on_store(cpu, held.front().place.at);
    say("a store is seen of CPU", cpu);
    held.pop_front();
  }
}

// --- a schedule in words

void Machine::say(const char* what, Place place, std::uint64_t value, std::memory_order order) const {
  if (!tells_ || !active_ || (place.line == 0 && !bounds_.every_word)) return;
  static constexpr const char* orders[] = {"relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst"};
  std::printf("CPU %u %*s%s arena+%#zx = %#llx  %s, line %u\n", running_, static_cast<int>(running_) * 4, "", what,
              static_cast<std::size_t>(static_cast<const std::byte*>(place.at) - arena),
              static_cast<unsigned long long>(value), orders[static_cast<unsigned>(order)], place.line);
}

void Machine::say(const char* what, unsigned number) const {
  if (tells_ && active_) std::printf("CPU %u %*s%s (%u)\n", running_, static_cast<int>(running_) * 4, "", what, number);
}

}  // namespace explorer
