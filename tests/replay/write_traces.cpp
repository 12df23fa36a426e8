// SPDX-License-Identifier: MIT
// usage: write_traces FOLDER   writes the traces that replay_test.py replays
#include "replay/traces.hpp"

int main(int, char** arguments) {
  using namespace bareheap::tools;
  const std::filesystem::path folder = arguments[1];
  save_trace(replay::equal_blocks(100, 17), folder / "equal.trace");
  save_trace(replay::holes_just_too_small(50), folder / "holes.trace");
  save_trace(replay::mixed(3000), folder / "mixed.trace");
  save_trace(replay::TraceMaker().allocate(0, 0).trace(), folder / "tiny.trace");
  save_trace(replay::TraceMaker("\xFF").allocate(0, 1).trace(), folder / "nameless.trace");
  save_trace(replay::TraceMaker().allocate(0, std::uint64_t{1} << 32).trace(), folder / "huge.trace");
  save_trace(replay::equal_blocks(1000, 0xFFFF'FFFF), folder / "vast.trace");
  save_trace(replay::all_freed(1000, 100), folder / "freed.trace");
  save_trace(replay::mixed(400'000), folder / "long.trace");
  save_trace(Trace{.program = "nothing", .operations = {}}, folder / "empty.trace");
}
