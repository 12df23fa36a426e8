// SPDX-License-Identifier: MIT
// Time per operation.
#include "arena.hpp"
#include "heaps.hpp"
#include "measure.hpp"
#include "memory.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>

namespace bareheap::tools::replay {
namespace {

/// A round makes at least so many calls, in several passes where the program is short.
constexpr std::uint64_t calls_a_round = 200'000;

/// One that takes part, and what its rounds gave.
struct Contestant {
  Json row;
  std::function<Pass(std::uint64_t deadline)> pass;
  std::uint64_t time_left;       ///< nanoseconds
  std::vector<double> rounds{};  ///< nanoseconds per operation
  Pass last{};
};

std::uint64_t passes_of(const Program& program) {
  return std::max<std::uint64_t>(1, calls_a_round / program.steps.size());
}

/// Nanoseconds per operation of one round; `last` tells where it was not completed.
void run_round(Contestant& contestant, const Program& program, bool counts) {
  const std::uint64_t begun = Clock().now();
  const std::uint64_t passes = passes_of(program);
  std::uint64_t nanoseconds = 0;
  for (std::uint64_t pass = 0; pass < passes; ++pass) {
    contestant.last = contestant.pass(begun + contestant.time_left);
    if (contestant.last.ending != Ending::complete) return;
    nanoseconds += contestant.last.nanoseconds;
  }
  contestant.time_left -= std::min(contestant.time_left, Clock().now() - begun);
  if (!counts) return;
  contestant.rounds.push_back(static_cast<double>(nanoseconds) / static_cast<double>(passes * program.steps.size()));
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// The first round warms up and does not count. A heap whose time is over before the last round has the figures of
/// those that it completed.
void run_rounds(std::vector<Contestant>& contestants, const Plan& plan, const Program& program, Progress& progress) {
  for (unsigned round = 0; round <= plan.rounds; ++round) {
    progress.step(", round " + std::to_string(round) + " of " + std::to_string(plan.rounds));
    for (Contestant& contestant : contestants) {
      if (contestant.last.ending == Ending::complete) run_round(contestant, program, round != 0);
    }
    progress.end();
  }
}

void put_figures(Contestant& contestant, const Plan& plan, const Program& program) {
  if (!completed(contestant.row, plan, program, contestant.last) && contestant.rounds.empty()) return;
  contestant.row["rounds"] = contestant.rounds.size();
  contestant.row["ns_best"] = std::ranges::min(contestant.rounds);
  contestant.row["ns_median"] = median(contestant.rounds);
}

/// The rows, with those of the contestants behind them.
Json with_figures(Json rows, std::vector<Contestant>& contestants, const Plan& plan, const Program& program) {
  for (Contestant& contestant : contestants) {
    put_figures(contestant, plan, program);
    rows.push_back(std::move(contestant.row));
  }
  return rows;
}

/// Beside each figure what is left of it without the loop's own share.
void put_net(Json& rows) {
  const auto loop = std::ranges::find_if(rows, [](const Json& row) { return row["heap"] == empty_loop; });
  if (loop == rows.end() || !loop->contains("ns_best")) return;
  const double share = (*loop)["ns_best"];
  for (Json& row : rows) {
    if (!row.contains("ns_best")) continue;
    row["ns_loop"] = share;
    row["ns_net"] = row["ns_best"].get<double>() - share;
  }
}

std::uint64_t time_of(const Plan& plan) { return static_cast<std::uint64_t>(plan.seconds * 1e9); }

}  // namespace

Json measure_time(const Plan& plan, const Program& program, Progress& progress) {
  progress.begin(program.trace);
  const std::size_t size = plan.region_of(program);
  const Arena arena(size);
  arena.warm(size);
  std::vector<void*> blocks(program.slots);
  std::vector<Contestant> contestants;
  for (const auto* kinds : {&plan.references, &plan.heaps}) {
    for (const HeapKind& heap : *kinds) {
      const auto pass = [&](std::uint64_t deadline) {
        return heap.run({program, arena.region(size), blocks, deadline});
      };
      contestants.push_back({row_of(program, heap), pass, time_of(plan)});
      contestants.back().row["region_bytes"] = size;
    }
  }
  for (const ForeignMalloc& allocator : plan.mallocs) {
    const auto process = std::make_shared<MallocProcess>(allocator, program);
    const auto pass = [process](std::uint64_t deadline) { return process->ask(Order::run, deadline).pass; };
    contestants.push_back({row_of(program, allocator), pass, time_of(plan)});
  }
  run_rounds(contestants, plan, program, progress);
  Json rows = with_figures(Json::array(), contestants, plan, program);
  put_net(rows);
  return rows;
}

Json measure_sweep(const Plan& plan, const Program& program, Progress& progress) {
  progress.begin(program.trace);
  Json rows = Json::array();
  std::vector<Contestant> contestants;
  std::vector<void*> blocks(program.slots);
  std::shared_ptr<const Arena> arena;  // as large as the largest region
  std::size_t largest = 0;
  for (const HeapKind& heap : plan.heaps) {
    Json base = row_of(program, heap);
    const std::size_t smallest = smallest_region(plan, program, heap, progress, base);
    progress.end();
    if (smallest == 0) rows.push_back(base);
    for (const std::size_t percent : {100u, 102u, 105u, 110u, 125u, 150u, 200u, 400u}) {
      if (smallest == 0) break;
      const std::size_t size = align_down(smallest * percent / 100 + 15, 16);
      const auto pass = [&, size](std::uint64_t deadline) {
        return heap.run({program, arena->region(size), blocks, deadline});
      };
      base["percent_of_smallest"] = percent;
      base["region_bytes"] = size;
      contestants.push_back({base, pass, time_of(plan)});
      largest = std::max(largest, size);
    }
  }
  arena = std::make_shared<Arena>(largest + 1);
  arena->warm(largest);
  run_rounds(contestants, plan, program, progress);
  return with_figures(std::move(rows), contestants, plan, program);
}

}  // namespace bareheap::tools::replay
