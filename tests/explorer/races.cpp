// SPDX-License-Identifier: MIT
#include "explorer/races.hpp"

#include <algorithm>
#include <limits>

namespace explorer {
namespace {

void join(Clock& clock, const Clock& other) {
  for (unsigned cpu = 0; cpu < most_cpus; ++cpu) clock[cpu] = std::max(clock[cpu], other[cpu]);
}

bool acquires(std::memory_order order) {
  return order != std::memory_order_relaxed && order != std::memory_order_release;
}

bool releases(std::memory_order order) {
  return order == std::memory_order_release || order >= std::memory_order_acq_rel;
}

}  // namespace

void Races::begin() {
  if (base_ > std::numeric_limits<std::uint32_t>::max() / 2) {
    words_.fill({});
    released_.fill({});
    cpus_.fill({});
    base_ = 0;
  }
  for (const Cpu& cpu : cpus_) base_ = std::max(base_, *std::max_element(cpu.now.begin(), cpu.now.end()));
  for (unsigned cpu = 0; cpu < most_cpus; ++cpu) {
    cpus_[cpu] = {};
    cpus_[cpu].now.fill(base_);
    ++cpus_[cpu].now[cpu];
  }
}

void Races::on_load(unsigned cpu, const void* at, std::memory_order order) {
  join(acquires(order) ? cpus_[cpu].now : cpus_[cpu].awaiting, released(at));
}

// What was published before with the word stays published: the exchange continues the release sequence.
void Races::on_exchange(unsigned cpu, const void* at, std::memory_order order) {
  on_load(cpu, at, order);
  join(released(at), published(cpu, order));
}

void Races::on_fence(unsigned cpu, std::memory_order order) {
  Cpu& here = cpus_[cpu];
  if (acquires(order)) join(here.now, here.awaiting);
  if (releases(order)) {
    here.fenced = here.now;
    ++here.now[cpu];
  }
}

void Races::on_call(unsigned cpu, const Clock& published) { join(cpus_[cpu].now, published); }

Clock Races::published(unsigned cpu, std::memory_order order) {
  Cpu& here = cpus_[cpu];
  if (!releases(order)) return here.fenced;
  const Clock clock = here.now;
  ++here.now[cpu];
  return clock;
}

bool Races::check(unsigned cpu, Word& word, bool writes, bool atomic) {
  const Clock& now = cpus_[cpu].now;
  const auto is_before = [&now](const Clock& clock) {
    for (unsigned other = 0; other < most_cpus; ++other) {
      if (clock[other] > now[other]) return false;
    }
    return true;
  };
  const bool in_order =
      is_before(word.written) && (!writes || is_before(word.read)) &&
      (atomic || (is_before(word.written_atomically) && (!writes || is_before(word.read_atomically))));
  word.of(writes, atomic)[cpu] = now[cpu];
  return in_order;
}

}  // namespace explorer
