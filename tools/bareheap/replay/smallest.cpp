// SPDX-License-Identifier: MIT
// The rows of --memory.
#include "arena.hpp"
#include "measure.hpp"
#include "memory.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace bareheap::tools::replay {
namespace {

constexpr std::size_t most_times_the_peak = 32;

/// No region larger than this is tried.
std::size_t limit_of(const Program& program) {
  return std::max<std::size_t>(most_times_the_peak * program.peak_bytes, std::size_t{1} << 20);
}

/// Address space for the regions tried, and for those in which the blocks are measured one by one. Most is never used.
std::size_t arena_size(const Program& program) {
  std::size_t largest = 0;
  for (const Step& step : program.steps) {
    largest = std::max(largest, std::max(step.size, step.new_size) + step.alignment());
  }
  return 5 * limit_of(program) + 4 * largest + (std::size_t{1} << 20);
}

double ratio(std::uint64_t dividend, std::uint64_t divisor) {
  return static_cast<double>(dividend) / static_cast<double>(divisor);
}

std::size_t search_smallest(const Plan& plan, const Program& program, const HeapKind& heap, const Arena& arena,
                            std::size_t likely, Progress& progress, Json& row) {
  std::vector<void*> blocks(program.slots);
  const std::uint64_t deadline = deadline_of(plan);
  Pass last;
  Search search(search_unit(program.peak_bytes), [&](std::size_t size) -> std::optional<bool> {
    progress.step(", region of " + std::to_string(size));
    last = heap.run({program, arena.region(size), blocks, deadline});
    if (last.ending == Ending::too_long) return {};
    return last.ending == Ending::complete;
  });
  const auto found = search.smallest(program.peak_bytes - 1, likely, limit_of(program));
  row["regions_tried"] = search.tried();
  if (found) return *found;
  if (search.timed_out()) {
    completed(row, plan, program, last);
  } else {
    put_note(row, "no room", "needs more than " + std::to_string(limit_of(program)) + " bytes");
  }
  return 0;
}

Json memory_row(const Plan& plan, const Program& program, const HeapKind& heap, Progress& progress) {
  Json row = row_of(program, heap);
  const Arena arena(arena_size(program));
  const std::optional<Floor> floor = floor_of(heap, program, [&](std::size_t size) { return arena.region(size); });
  row["peak_bytes"] = program.peak_bytes;
  row["object_bytes"] = heap.object_bytes;
  if (!floor) {
    put_note(row, "no room", "no region is large enough for this heap");
    return row;
  }
  row["peak_taken_bytes"] = floor->peak_taken;
  row["floor_bytes"] = floor->region;
  row["floor_to_peak"] = ratio(floor->region + heap.object_bytes, program.peak_bytes);
  const std::size_t smallest = search_smallest(plan, program, heap, arena, floor->region, progress, row);
  if (smallest == 0) return row;
  row["smallest_bytes"] = smallest;
  row["smallest_to_peak"] = ratio(smallest + heap.object_bytes, program.peak_bytes);
  row["smallest_to_floor"] = ratio(smallest + heap.object_bytes, floor->region + heap.object_bytes);
  return row;
}

Json memory_row(const Plan& plan, const Program& program, const ForeignMalloc& allocator) {
  Json row = row_of(program, allocator);
  const Answer answer = MallocProcess(allocator, program).ask(Order::fill_pages, deadline_of(plan));
  row["peak_bytes"] = program.peak_bytes;
  if (!completed(row, plan, program, answer.pass)) return row;
  const std::uint64_t resident = answer.resident_at_peak - std::min(answer.resident_before, answer.resident_at_peak);
  row["resident_bytes"] = resident;
  row["resident_to_peak"] = ratio(resident, program.peak_bytes);
  return row;
}

}  // namespace

std::size_t smallest_region(const Plan& plan, const Program& program, const HeapKind& heap, Progress& progress,
                            Json& row) {
  const Arena arena(arena_size(program));
  return search_smallest(plan, program, heap, arena, program.peak_bytes, progress, row);
}

Json measure_memory(const Plan& plan, const Program& program, Progress& progress) {
  Json rows = Json::array();
  for (const HeapKind& heap : plan.heaps) {
    progress.begin(program.trace + " on " + heap.name);
    rows.push_back(memory_row(plan, program, heap, progress));
    progress.end();
  }
  for (const ForeignMalloc& allocator : plan.mallocs) {
    progress.begin(program.trace + " on " + allocator.name);
    rows.push_back(memory_row(plan, program, allocator));
    progress.end();
  }
  return rows;
}

}  // namespace bareheap::tools::replay
