// SPDX-License-Identifier: MIT
#include "kernels/processes/work.hpp"

#include "bareheap/core/statistics.hpp"
#include "heap.hpp"
#include "kernels/processes/log.hpp"
#include "kernels/processes/parcel.hpp"
#include "kernels/processes/random.hpp"
#include "kernels/processes/scheduler.hpp"
#include "kernels/processes/show.hpp"

#include <map>
#include <string>
#include <vector>

namespace bareheap::processes {

constinit std::atomic<bool> closing{false};

namespace {

bool is_closing() noexcept { return closing.load(std::memory_order_relaxed); }

std::uint64_t in_milliseconds(std::uint64_t count) noexcept {
  return port::timer_now() + count * (port::timer_frequency() / 1000);
}

void sleep(Process& self, std::uint64_t milliseconds) noexcept {
  Scheduler::here().sleep_until(self, in_milliseconds(milliseconds));
}

Statistics figures_now() noexcept { return statistics_of(program_heap); }

/// Why there was no room: that much is free, but not in one piece, or not at all.
void explain_refusal(const Process& self, std::size_t size) noexcept {
  const Statistics figures = figures_now();
  say("process ", self.slot, ", ", self.name, ", asked for ", size, " bytes and was refused");
  say(figures.used_bytes, " bytes are used and ", figures.free_bytes, " free, in holes: ", figures.holes,
      ", the largest of ", figures.largest_free);
}

void ask_for(Process& self, std::size_t size) noexcept {
  const Parcel parcel(self, size);
  if (parcel) return say("process ", self.slot, ", ", self.name, ", asked for ", size, " bytes and got them");
  explain_refusal(self, size);
}

}  // namespace

void pack_parcels(Process& self) noexcept {
  Random random(self.seed);
  // Half of what each of the 64 would have if all were alike.
  const std::size_t largest = stage.memory / slots / 2;
  std::vector<Parcel> parcels;
  for (std::size_t round = 8 + random.below(24); round != 0 && !is_closing(); --round) {
    if (parcels.size() > 1 && random.below(3) == 0) {
      parcels.erase(parcels.begin() + static_cast<std::ptrdiff_t>(random.below(parcels.size())));
    }
    parcels.emplace_back(self, 1 + random.below(largest >> random.below(6)));
    if (random.below(2) == 0) sleep(self, random.below(50));
  }
}

void keep_diary(Process& self) noexcept {
  Random random(self.seed);
  std::map<std::size_t, std::string> diary;
  const std::size_t days = 5 + random.below(10);
  for (std::size_t day = 0; day < days && !is_closing(); ++day) {
    diary[day] = std::string(1 + random.below(200), static_cast<char>('a' + day));
    sleep(self, 10 + random.below(90));
  }
  for (const auto& [day, text] : diary) {
    self.deeds.spoilt += text.find_first_not_of(static_cast<char>('a' + day)) != std::string::npos;
  }
}

void ask_for_too_much(Process& self) noexcept { ask_for(self, 2 * stage.memory); }

void ask_for_all(Process& self) noexcept { ask_for(self, figures_now().free_bytes); }

void rear_others(Process& self) noexcept {
  Scheduler& scheduler = Scheduler::here();
  Random random(self.seed);
  if (self.slot == 0) static_cast<void>(scheduler.start(show, "show"));
  std::uint64_t next = 0;
  while (!is_closing() || scheduler.count() > 1) {
    scheduler.reap();
    if (!is_closing() && port::timer_now() >= next) {
      const bool packs = random.below(3) != 0;
      static_cast<void>(packs ? scheduler.start(pack_parcels, "packer") : scheduler.start(keep_diary, "diarist"));
      next = in_milliseconds(random.below(10));
    }
    scheduler.rest(self);
  }
}

}  // namespace bareheap::processes
