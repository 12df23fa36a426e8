// SPDX-License-Identifier: MIT
#include "measure.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace bareheap::tools::replay {

std::size_t Plan::region_of(const Program& program) const {
  if (region_size != 0) return region_size;
  const double size = std::ceil(static_cast<double>(program.peak_bytes) * region_factor);
  return align_down(static_cast<std::size_t>(size) + 15, 16);
}

std::uint64_t deadline_of(const Plan& plan) { return Clock().now() + static_cast<std::uint64_t>(plan.seconds * 1e9); }

Json row_of(const Program& program, const HeapKind& heap) {
  Json row = {{"trace", program.trace}, {"heap", heap.name}};
  if (heap.reference) row["reference"] = true;
  row["status"] = "ok";
  return row;
}

Json row_of(const Program& program, const ForeignMalloc& allocator) {
  Json row = {{"trace", program.trace}, {"heap", allocator.name}, {"status", "ok"}};
  if (!allocator.library.empty()) row["library"] = allocator.library.string();
  return row;
}

void put_note(Json& row, const char* status, std::string note) {
  row["status"] = status;
  row["note"] = std::move(note);
}

bool completed(Json& row, const Plan& plan, const Program& program, const Pass& pass) {
  row["operations"] = pass.steps;
  switch (pass.ending) {
    case Ending::complete: return true;
    case Ending::no_room: {
      const std::uint64_t live = program.live_bytes(pass.steps);
      const Step& refused = program.steps[pass.steps];
      row["live_bytes"] = live;
      put_note(row, "no room",
               "no room at operation " + std::to_string(pass.steps) + " (" + name_of(refused.call) + ", " +
                   std::to_string(refused.new_size != 0 ? refused.new_size : refused.size) + " bytes) with " +
                   std::to_string(live) + " bytes live");
      return false;
    }
    case Ending::too_long: {
      std::string seconds = std::to_string(plan.seconds);
      seconds.erase(seconds.find_last_not_of('0') + 1);
      if (seconds.ends_with('.')) seconds.pop_back();
      put_note(row, "too long", "longer than " + seconds + " s");
      return false;
    }
    case Ending::region_too_small: break;
  }
  put_note(row, "region too small", "the region is too small for this heap");
  return false;
}

}  // namespace bareheap::tools::replay
