// SPDX-License-Identifier: MIT
// The measurements. Each answers the rows of one program: objects with the members that docs/replay.md names.
#pragma once

#include "heap_kind.hpp"
#include "malloc.hpp"
#include "progress.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bareheap::tools::replay {

using Json = nlohmann::ordered_json;

/// What is measured, and on what.
struct Plan {
  std::vector<HeapKind> references;
  std::vector<HeapKind> heaps;
  std::vector<ForeignMalloc> mallocs;
  unsigned rounds = 7;
  double seconds = 60;          ///< that one figure may take
  double region_factor = 4;     ///< region by the peak of live bytes
  std::size_t region_size = 0;  ///< where it is not 0, the region's size in bytes
  std::size_t samples = 20;
  std::size_t check_every = 1000;

  std::size_t region_of(const Program& program) const;
};

/// Time per operation, all heaps in turn in each round.
Json measure_time(const Plan& plan, const Program& program, Progress& progress);

/// Time per operation in regions from the smallest one up.
Json measure_sweep(const Plan& plan, const Program& program, Progress& progress);

/// Instructions per operation, and of the worst calls.
Json measure_instructions(const Plan& plan, const Program& program, Progress& progress);

/// The smallest region, and the floor.
Json measure_memory(const Plan& plan, const Program& program, Progress& progress);

/// The heap's picture over time.
Json measure_curve(const Plan& plan, const Program& program, Progress& progress);

/// Whether the laws hold.
Json measure_laws(const Plan& plan, const Program& program, Progress& progress);

/// A row with the names of its trace and heap.
Json row_of(const Program& program, const HeapKind& heap);
Json row_of(const Program& program, const ForeignMalloc& allocator);

/// Says in the row why it has no figures, where `pass` did not come to its end. True where it did.
bool completed(Json& row, const Plan& plan, const Program& program, const Pass& pass);

/// Says in the row that the figure does not exist for this heap.
void put_note(Json& row, const char* status, std::string note);

/// The time, of Clock, when a figure that is begun now is given up.
std::uint64_t deadline_of(const Plan& plan);

/// The smallest region of memory.hpp's search, in bytes; 0 where it was not found, which the row then says.
std::size_t smallest_region(const Plan& plan, const Program& program, const HeapKind& heap, Progress& progress,
                            Json& row);

}  // namespace bareheap::tools::replay
