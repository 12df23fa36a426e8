// SPDX-License-Identifier: MIT
// The trials of a heap: every misuse on it. The host runs those of all heaps for the tables of docs/misuse.md, the
// kernel test_kernel_faults the one that it is told.
#pragma once

#include "bareheap/bareheap.hpp"
#include "faults/misuse.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bareheap::faults {

/// One misuse on one heap. `perform` does the wrong call, tells wrong_call_is_over(), and goes on rightly; a stop is
/// panic(). Empty where the heap has no such call.
struct Trial {
  const char* misuse;
  std::function<Outcome()> perform;
};

struct Column {
  std::string heap;
  std::vector<Trial> trials;
};

template <class Heap>
Outcome perform(Start start, void (*wrong)(Scene<Heap>&)) {
  const auto scene = std::make_unique<Scene<Heap>>(start);
  wrong(*scene);
  wrong_call_is_over();
  return scene->aftermath();
}

template <class Heap>
Column column_of(const char* heap, const std::vector<Misuse<Heap>>& misuses, Start start = Start::in_use) {
  Column column{heap, {}};
  for (const Misuse<Heap>& misuse : misuses) {
    Trial trial{misuse.name, {}};
    if (misuse.wrong != nullptr) trial.perform = [=] { return perform<Heap>(start, misuse.wrong); };
    column.trials.push_back(std::move(trial));
  }
  return column;
}

/// The machine of one CPU, on which nothing interrupts.
struct OneCpu {
  struct State {};
  static std::uint32_t cpu() noexcept { return 0; }
  static bool exclusives_work() noexcept { return false; }
  static void pause() noexcept {}
  static State mask_interrupts() noexcept { return {}; }
  static void restore_interrupts(State) noexcept {}
};

/// The misuses of one heap, one group after another.
template <class Heap>
Column whole_column_of(const char* name) {
  Column whole = column_of(name, uses_before_init<Heap>(), Start::fresh);
  for (const auto& misuses :
       {second_regions<Heap>(), double_frees<Heap>(), frees_of_others<Heap>(), wrong_layouts<Heap>(),
        wrong_writes<Heap>(), damaged_lists<Heap>(), wrong_sinks<Heap>(), out_of_memory_handlers<Heap>()}) {
    for (Trial& trial : column_of(name, misuses).trials) whole.trials.push_back(std::move(trial));
  }
  return whole;
}

}  // namespace bareheap::faults
