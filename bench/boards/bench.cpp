// SPDX-License-Identifier: MIT
// The bench kernel: runs loads on engines and says how many instructions each call took. A key chooses: s short,
// f full, t several CPUs together. What it says for a program (bench.py) are lines of JSON behind "bench: ".
#include "engines.hpp"
#include "loads.hpp"
#include "together.hpp"

#include "ports/common/cpus.hpp"
#include "ports/common/port.hpp"
#include "ports/common/say.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

/// `turns` of 3 instructions each, and the return.
extern "C" void bench_loop(std::uint64_t turns) noexcept;

namespace {

using namespace bareheap;
using namespace bareheap::bench;

constexpr std::size_t region_size = std::size_t{32} << 20;
constexpr std::size_t region_alignment = std::size_t{1} << 16;
constexpr std::size_t slots = 100'000;
constexpr std::size_t most_operations = 2'000'000;
constexpr std::size_t stack_size = 16384;

template <class... Pieces>
void say(Pieces... pieces) noexcept {
  (port::say_piece(pieces), ...);
}

[[noreturn]] void stop(const char* about, const char* trouble) noexcept {
  say("bench stops at ", about, ": ", trouble, "\r\n");
  port::exit(1);
}

/// Cuts memory for the bench itself and for the engines out of what the board has.
class Memory {
 public:
  Memory() noexcept {
    static_cast<void>(rest_.init(port::heap_region()));
    const bool answered = port::memory_after_heap(rest_, [&](Region stretch) {
      if (stretch.size > largest_.size) largest_ = stretch;
    });
    rest_ = HoleList();
    if (!answered || !rest_.init(largest_)) stop("the start", "the board tells of no memory");
  }

  template <class Thing>
  std::span<Thing> array(std::size_t count, std::size_t alignment = alignof(Thing)) noexcept {
    const Block block = rest_.allocate(Layout(count * sizeof(Thing), alignment));
    if (!block) stop("the start", "the board has too little memory");
    return {reinterpret_cast<Thing*>(block.at), count};
  }

 private:
  HoleList rest_;
  Region largest_;
};

/// The other CPUs' instructions would be counted too. They come to a stop.
void park_other_cpus(Memory& memory) noexcept {
  for (std::uint32_t cpu = 1; cpu < port::cpu_count(); ++cpu) {
    const std::span<std::byte> stack = memory.array<std::byte>(stack_size, 16);
    const bool comes = port::start_cpu(cpu, {stack.data(), stack.size()}, [](std::uint32_t) noexcept {});
    if (!comes) stop("the start", "a CPU does not come");
  }
}

[[gnu::noinline]] std::uint64_t empty_read() noexcept {
  const std::uint64_t start = counter();
  return counter() - start;
}

[[gnu::noinline]] std::uint64_t instructions_of_loop(std::uint64_t turns) noexcept {
  const std::uint64_t start = counter();
  bench_loop(turns);
  return counter() - start;
}

/// Says what readings cost, and ends the kernel where the counter is not exact: the same for nothing each time, and
/// three more for each turn more of the loop.
std::uint64_t calibrate() noexcept {
  const std::uint64_t nothing = empty_read();
  const std::uint64_t once = instructions_of_loop(1);
  for (std::uint64_t turns = 1; turns <= 1000; ++turns) {
    if (empty_read() != nothing || instructions_of_loop(turns) != once + 3 * (turns - 1))
      stop("the counter", "it does not count single instructions; QEMU has to run with -icount shift=0");
  }
  say("bench: {\"empty_read\":", nothing, ",\"loop_turns\":1000,\"loop_instructions\":",
      instructions_of_loop(1000) - nothing, "}\r\n");
  return nothing;
}

void say_figures(const char* load, const char* engine, const Figures& figures) noexcept {
  constexpr const char* kinds[call_kinds] = {"allocate", "deallocate", "reallocate"};
  say("bench: {\"load\":\"", load, "\",\"engine\":\"", engine, "\"");
  for (std::size_t index = 0; index < call_kinds; ++index) {
    const CallFigures& kind = figures.kinds[index];
    say(",\"", kinds[index], "\":{\"calls\":", kind.calls, ",\"instructions\":", kind.instructions, ",\"worst\":",
        kind.worst, ",\"worst_at\":", kind.worst_at, "}");
  }
  say(",\"refused\":", figures.refused, ",\"largest_free\":", figures.largest_free, "}\r\n");
}

void run_everywhere(const char* load, const Script& script, const Ground& ground) noexcept {
  const auto run_each = [&](std::span<const Engine> engines) {
    for (const Engine& engine : engines) say_figures(load, engine.name, engine.run(script.operations(), ground));
  };
  run_each(own_engines);
  run_each(foreign_engines());
}

int wanted() noexcept {
  say("ready\r\n");
  for (;;) {
    const int key = port::read();
    if (key == 's' || key == 'f' || key == 't') return key;
  }
}

Region whole(std::span<std::byte> bytes) noexcept { return {bytes.data(), bytes.size()}; }

void measure_together(Memory& memory, Region region) noexcept {
  Region stacks[most_together - 1];
  for (Region& stack : stacks) stack = whole(memory.array<std::byte>(stack_size, 16));
  if (const char* trouble = run_together(region, stacks); trouble != nullptr) stop("several CPUs", trouble);
}

void measure_loads(Memory& memory, Region region, std::uint64_t nothing, std::size_t blocks) noexcept {
  const Ground ground{region, memory.array<Live>(slots), nothing};
  const std::span<Operation> operations = memory.array<Operation>(most_operations);
  const std::span<bool> live = memory.array<bool>(slots);
  for (const SyntheticLoad& load : synthetic_loads()) {
    Script script(operations, live);
    load.write(script, blocks);
    if (script.trouble() != nullptr) stop(load.name, script.trouble());
    run_everywhere(load.name, script, ground);
  }
  for (const RecordedLoad& load : recorded_loads()) {
    Script script(operations, live);
    if (const char* trouble = write(load, script); trouble != nullptr) stop(load.name, trouble);
    run_everywhere(load.name, script, ground);
  }
}

}  // namespace

extern "C" void kernel_main() noexcept {
  Memory memory;
  const int key = wanted();
  if (key != 't') park_other_cpus(memory);
  start_counter();
  const std::uint64_t nothing = key == 't' ? 0 : calibrate();
  const Region region = whole(memory.array<std::byte>(region_size, region_alignment));
  if (key == 't') measure_together(memory, region);
  else measure_loads(memory, region, nothing, key == 's' ? 200 : 2000);
  say("bench is over\r\n");
}
