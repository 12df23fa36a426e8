// SPDX-License-Identifier: MIT
// Which accesses are ordered by acquire and release: a vector clock for each CPU, and the last accesses to each four
// bytes of the arena. Clocks go on from schedule to schedule, so that nothing has to be cleared.
#pragma once

#include "explorer/explorer.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace explorer {

using Clock = std::array<std::uint32_t, most_cpus>;

class Races {
 public:
  /// Another schedule: all that was before is ordered before all that comes.
  void begin();

  /// What an atomic operation with this order does to the order of others.
  void on_load(unsigned cpu, const void* at, std::memory_order order);
  void on_exchange(unsigned cpu, const void* at, std::memory_order order);
  void on_fence(unsigned cpu, std::memory_order order);

  /// The interrupt comes that another CPU has made.
  void on_call(unsigned cpu, const Clock& published);

  /// A store in two halves, for store buffers: what its CPU publishes with it, and when it is seen.
  Clock published(unsigned cpu, std::memory_order order);
  void on_store(const void* at, const Clock& clock) { released(at) = clock; }

  /// False: another CPU's access to the word is not ordered with this one, one of them writes, and not both are atomic.
  /// `is_known`: what was before in this schedule was in another, and this access too; so it is in order.
  bool access(unsigned cpu, const void* at, bool writes, bool atomic, bool is_known) {
    Word& word = words_[offset(at) / 4];
    if (is_known) {
      word.of(writes, atomic)[cpu] = cpus_[cpu].now[cpu];
      return true;
    }
    // Done before at the same time: if it was not in order then with what others have done since, they would have found
    // it.
    return word.of(writes, atomic)[cpu] == cpus_[cpu].now[cpu] || check(cpu, word, writes, atomic);
  }

 private:
  struct Cpu {
    Clock now{};
    Clock fenced{};    // what a release fence made every later store publish
    Clock awaiting{};  // what relaxed loads saw, for an acquire fence
  };
  struct Word {
    Clock read{}, written{}, read_atomically{}, written_atomically{};  // when each CPU did so last

    Clock& of(bool writes, bool atomic) {
      return atomic ? writes ? written_atomically : read_atomically : writes ? written : read;
    }
  };

  bool check(unsigned cpu, Word& word, bool writes, bool atomic);

  Clock& released(const void* at) { return released_.at(offset(at) / 4); }
  static std::size_t offset(const void* at) {
    return static_cast<std::size_t>(static_cast<const std::byte*>(at) - arena);
  }

  std::uint32_t base_ = 0;
  std::array<Cpu, most_cpus> cpus_{};
  std::array<Word, arena_size / 4> words_{};
  std::array<Clock, arena_size / 4> released_{};
};

}  // namespace explorer
