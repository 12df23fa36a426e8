// SPDX-License-Identifier: MIT
// Tells schedules apart by what depends on what in them: which store each load saw, and in which order the stores to a
// word came. Where that is the same, so is all that CPUs and memory hold, whatever else differs in the order of steps;
// then what can follow is the same too, and need be tried once only.
#pragma once

#include "explorer/explorer.hpp"

#include <array>
#include <cstdint>

namespace explorer {

class Fingerprint {
 public:
  void begin() {
    history_.fill(0);
    ++schedule_;
  }

  void on_load(unsigned cpu, const void* at) { on_event(cpu, offset(at), word_at(at).stored); }

  void on_store(unsigned cpu, const void* at) {
    Word& word = word_at(at);
    on_event(cpu, offset(at), word.stored, 1);
    word.stored = history_[cpu];
  }

  /// Anything else that this CPU did or met with.
  void on_event(unsigned cpu, std::uint64_t what, std::uint64_t by = 0, std::uint64_t after = 0) {
    std::uint64_t& history = history_[cpu];
    history = mix(mix(mix(history + 1, what), by), after);
  }

  std::uint64_t of(unsigned cpu) const { return history_[cpu]; }

  static std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 29;
  }

 private:
  struct Word {
    std::uint64_t stored = 0;  // the history of who stored last, then
    std::uint64_t schedule = 0;
  };

  static std::size_t offset(const void* at) {
    return static_cast<std::size_t>(static_cast<const std::byte*>(at) - arena);
  }

  Word& word_at(const void* at) {
    Word& word = words_.at(offset(at) / 4);
    if (word.schedule != schedule_) word = {0, schedule_};
    return word;
  }

  std::array<std::uint64_t, most_cpus> history_{};
  std::array<Word, arena_size / 4> words_{};
  std::uint64_t schedule_ = 0;
};

}  // namespace explorer
