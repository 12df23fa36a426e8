// SPDX-License-Identifier: MIT
// Instructions per operation. The command runs itself once more under the tool that counts them (replay.cpp).
#include "arena.hpp"
#include "heaps.hpp"
#include "measure.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace bareheap::tools::replay {
namespace {

double per(std::uint64_t total, std::uint64_t count) { return static_cast<double>(total) / static_cast<double>(count); }

/// Without what the loop does between and around the calls, which is that of the empty loop.
Json calls_of(const CallCosts& costs, const CallCosts& loop) {
  Json calls = Json::object();
  for (std::size_t kind = 0; kind < call_kinds; ++kind) {
    const CallCost& cost = costs.of[kind];
    if (cost.calls == 0) continue;
    const std::uint64_t share = loop.of[kind].total / std::max<std::uint64_t>(loop.of[kind].calls, 1);
    calls[name_of(static_cast<Call>(kind))] = {{"calls", cost.calls},
                                               {"mean", per(cost.total, cost.calls) - static_cast<double>(share)},
                                               {"worst", cost.worst - std::min(share, cost.worst)},
                                               {"worst_operation", cost.worst_step}};
  }
  return calls;
}

/// The worst of the calls of those kinds.
std::uint64_t worst_of(const Json& calls, std::initializer_list<Call> kinds) {
  std::uint64_t worst = 0;
  for (const Call kind : kinds) {
    if (calls.contains(name_of(kind))) worst = std::max(worst, calls[name_of(kind)]["worst"].get<std::uint64_t>());
  }
  return worst;
}

/// What the plain loop and the counting one gave.
struct Counts {
  Pass plain;
  CallCosts costs;
};

void put_figures(Json& row, const Program& program, const Counts& counts, const Counts& loop) {
  const std::uint64_t operations = program.steps.size();
  row["instructions_with_loop"] = per(counts.plain.instructions, operations);
  row["instructions"] = per(counts.plain.instructions, operations) - per(loop.plain.instructions, operations);
  const Json calls = calls_of(counts.costs, loop.costs);
  row["worst_allocate"] = worst_of(calls, {Call::allocate, Call::allocate_aligned});
  row["worst_deallocate"] = worst_of(calls, {Call::deallocate, Call::deallocate_aligned});
  row["calls"] = calls;
}

/// Adds the row; answers what was counted, to be taken off other rows where this is the empty loop.
Counts measure_heap(Json& rows, const Plan& plan, const Program& program, const HeapKind& heap, const Arena& arena,
                    const Counts& loop) {
  Json row = row_of(program, heap);
  const Region region = arena.region(plan.region_of(program));
  std::vector<void*> blocks(program.slots);
  row["region_bytes"] = region.size;
  Counts counts;
  counts.plain = heap.run({program, region, blocks, deadline_of(plan)});
  if (completed(row, plan, program, counts.plain) &&
      completed(row, plan, program, heap.count({program, region, blocks, deadline_of(plan)}, counts.costs))) {
    put_figures(row, program, counts, heap.name == empty_loop ? Counts{} : loop);
  }
  rows.push_back(std::move(row));
  return counts;
}

void measure_malloc(Json& rows, const Plan& plan, const Program& program, const ForeignMalloc& allocator,
                    const Counts& loop) {
  Json row = row_of(program, allocator);
  MallocProcess process(allocator, program, true);
  static_cast<void>(process.ask(Order::run, deadline_of(plan)));  // the first pass warms up
  Counts counts;
  counts.plain = process.ask(Order::run, deadline_of(plan)).pass;
  const Answer counted = process.ask(Order::count, deadline_of(plan));
  counts.costs = counted.costs;
  if (completed(row, plan, program, counts.plain) && completed(row, plan, program, counted.pass)) {
    put_figures(row, program, counts, loop);
  }
  rows.push_back(std::move(row));
}

}  // namespace

Json measure_instructions(const Plan& plan, const Program& program, Progress& progress) {
  Json rows = Json::array();
  const Arena arena(plan.region_of(program));
  Counts loop;
  for (const auto* kinds : {&plan.references, &plan.heaps}) {
    for (const HeapKind& heap : *kinds) {
      progress.begin(program.trace + " on " + heap.name);
      const Counts counts = measure_heap(rows, plan, program, heap, arena, loop);
      if (heap.name == empty_loop) loop = counts;
      progress.end();
    }
  }
  for (const ForeignMalloc& allocator : plan.mallocs) {
    progress.begin(program.trace + " on " + allocator.name);
    measure_malloc(rows, plan, program, allocator, loop);
    progress.end();
  }
  return rows;
}

}  // namespace bareheap::tools::replay
