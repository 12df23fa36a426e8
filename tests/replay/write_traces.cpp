// SPDX-License-Identifier: MIT
// usage: write_traces FOLDER   writes the traces that replay_test.py replays
#include "replay/traces.hpp"

int main(int, char** arguments) {
  using namespace bareheap::tools;
  const std::filesystem::path folder = arguments[1];
  save_trace(replay::equal_blocks(100, 17), folder / "equal.trace");
  save_trace(replay::holes_just_too_small(50), folder / "holes.trace");
  save_trace(replay::mixed(3000), folder / "mixed.trace");
  save_trace(replay::mixed(400'000), folder / "long.trace");
  save_trace(Trace{.program = "nothing", .operations = {}}, folder / "empty.trace");
}
