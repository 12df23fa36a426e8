// SPDX-License-Identifier: MIT
#include "loads.hpp"

#include "bareheap/parts/trace_reader.hpp"

#include <cstdint>

/// Written by the build: traces.S.
extern "C" const bareheap::bench::RecordedLoad bench_traces_start[];
extern "C" const bareheap::bench::RecordedLoad bench_traces_end[];

namespace bareheap::bench {

namespace {

/// The same numbers on every board (Marsaglia, "Xorshift RNGs", 2003).
class Random {
 public:
  std::size_t below(std::size_t limit) noexcept {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<std::size_t>((state_ >> 32) % limit);
  }

 private:
  std::uint64_t state_ = 0x9E3779B97F4A7C15;
};

std::size_t any_size(Random& random) noexcept { return 8 + random.below(1017); }

/// A random slot, again and again: its block is freed where it has one, else it gets one of 8 to 1024 bytes. About half
/// of the slots hold a block at the end.
void write_random(Script& script, std::size_t blocks) noexcept {
  Random random;
  for (std::size_t count = 0; count < blocks * 20; ++count) {
    const std::size_t slot = random.below(blocks);
    if (script.is_live(slot)) script.deallocate(slot);
    else script.allocate(slot, any_size(random));
  }
}

/// One block of 48 bytes comes and goes.
void write_one_block(Script& script, std::size_t blocks) noexcept {
  for (std::size_t count = 0; count < blocks * 10; ++count) {
    script.allocate(0, 48);
    script.deallocate(0);
  }
}

/// Every other block of equal ones is freed, which leaves as many holes; then come blocks twice as large, each freed
/// again, and the holes are filled.
void write_equal_holes(Script& script, std::size_t blocks) noexcept {
  for (std::size_t slot = 0; slot < blocks * 2; ++slot) script.allocate(slot, 64);
  for (std::size_t slot = 0; slot < blocks * 2; slot += 2) script.deallocate(slot);
  for (std::size_t count = 0; count < blocks / 4; ++count) {
    script.allocate(blocks * 2, 128);
    script.deallocate(blocks * 2);
  }
  for (std::size_t slot = 0; slot < blocks * 2; slot += 2) script.allocate(slot, 64);
}

/// Holes of 240 bytes between blocks of 16, and requests for 16 bytes more, which are kept.
void write_holes_too_small(Script& script, std::size_t blocks) noexcept {
  for (std::size_t slot = 0; slot < blocks * 2; ++slot) script.allocate(slot, slot % 2 == 0 ? 240 : 16);
  for (std::size_t slot = 0; slot < blocks * 2; slot += 2) script.deallocate(slot);
  for (std::size_t slot = 0; slot < blocks / 2; slot += 2) script.allocate(slot, 256);
}

void write_last_in_first_out(Script& script, std::size_t blocks) noexcept {
  Random random;
  for (std::size_t slot = 0; slot < blocks; ++slot) script.allocate(slot, any_size(random));
  for (std::size_t slot = blocks; slot-- > 0;) script.deallocate(slot);
}

/// A queue that is half as long as `blocks`: the oldest goes when one comes.
void write_first_in_first_out(Script& script, std::size_t blocks) noexcept {
  Random random;
  const std::size_t length = blocks / 2;
  for (std::size_t count = 0; count < blocks * 4; ++count) {
    if (count >= length) script.deallocate(count % length);
    script.allocate(count % length, any_size(random));
  }
}

/// Sixteen texts grow in turns, as strings and vectors do, and end.
void write_growing(Script& script, std::size_t blocks) noexcept {
  constexpr std::size_t texts = 16;
  for (std::size_t slot = 0; slot < texts; ++slot) script.allocate(slot, 32);
  for (std::size_t size = 48; size < blocks * 16; size += size / 2) {
    for (std::size_t slot = 0; slot < texts; ++slot) script.reallocate(slot, size);
  }
  for (std::size_t slot = 0; slot < texts; ++slot) script.deallocate(slot);
}

constexpr SyntheticLoad all_synthetic[] = {
    {"random", write_random},
    {"one block", write_one_block},
    {"equal holes", write_equal_holes},
    {"holes too small", write_holes_too_small},
    {"last in, first out", write_last_in_first_out},
    {"first in, first out", write_first_in_first_out},
    {"growing", write_growing},
};

}  // namespace

std::span<const SyntheticLoad> synthetic_loads() noexcept { return all_synthetic; }

std::span<const RecordedLoad> recorded_loads() noexcept { return {bench_traces_start, bench_traces_end}; }

const char* write(const RecordedLoad& load, Script& script) noexcept {
  TraceReader reader(load.start, static_cast<std::size_t>(load.end - load.start));
  if (reader.fault() == TraceFault::none && reader.header().names != TraceNames::slots)
    return "the trace does not name its blocks by slots";
  TraceEvent event;
  while (reader.next(event)) {
    if (event.refused) continue;
    switch (event.call) {
      case TraceCall::allocate: script.allocate(event.name, event.size, event.alignment_log2); break;
      case TraceCall::deallocate: script.deallocate(event.name); break;
      case TraceCall::resize:
      case TraceCall::reallocate: script.reallocate(event.name, event.size); break;
    }
  }
  return reader.fault() == TraceFault::none ? script.trouble() : sentence(reader.fault());
}

}  // namespace bareheap::bench
