// SPDX-License-Identifier: MIT
// The rows of --curve and --laws: what is seen of a heap while it is used.
#include "arena.hpp"
#include "measure.hpp"

#include <nlohmann/json.hpp>

namespace bareheap::tools::replay {
namespace {

/// `measure` for each heap, with its region; a library of others has neither a region nor a picture.
template <class Measure>
Json rows_of(const Plan& plan, const Program& program, Progress& progress, Measure measure) {
  Json rows = Json::array();
  const Arena arena(plan.region_of(program));
  std::vector<void*> blocks(program.slots);
  for (const HeapKind& heap : plan.heaps) {
    progress.begin(program.trace + " on " + heap.name);
    Json row = row_of(program, heap);
    const Region region = arena.region(plan.region_of(program));
    row["region_bytes"] = region.size;
    measure(row, heap, Job{program, region, blocks, deadline_of(plan)});
    rows.push_back(std::move(row));
    progress.end();
  }
  return rows;
}

Json sample_of(const Sample& sample) {
  const Statistics& figures = sample.figures;
  return {{"operations", sample.steps},       {"live_bytes", sample.live_bytes},
          {"used_bytes", figures.used_bytes}, {"free_bytes", figures.free_bytes},
          {"meta_bytes", figures.meta_bytes}, {"largest_free_bytes", figures.largest_free},
          {"holes", figures.holes},           {"fragmentation_permille", fragmentation_of(figures).permille}};
}

}  // namespace

Json measure_curve(const Plan& plan, const Program& program, Progress& progress) {
  return rows_of(plan, program, progress, [&](Json& row, const HeapKind& heap, const Job& job) {
    std::vector<Sample> samples;
    completed(row, plan, program, heap.curve(job, plan.samples, samples));
    row["samples"] = Json::array();
    for (const Sample& sample : samples) row["samples"].push_back(sample_of(sample));
  });
}

Json measure_laws(const Plan& plan, const Program& program, Progress& progress) {
  Arena::demand(program.peak_bytes);  // every block is filled
  return rows_of(plan, program, progress, [&](Json& row, const HeapKind& heap, const Job& job) {
    const Verdict verdict = heap.laws(job, plan.check_every);
    row["operations"] = verdict.pass.steps;
    if (verdict.broken.empty()) {
      completed(row, plan, program, verdict.pass);
    } else {
      put_note(row, "broken", verdict.broken);
    }
  });
}

}  // namespace bareheap::tools::replay
