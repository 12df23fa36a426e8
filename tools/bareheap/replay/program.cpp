// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace bareheap::tools::replay {
namespace {

constexpr std::uint64_t largest_block = std::numeric_limits<std::uint32_t>::max();

std::uint32_t step_size(std::uint64_t size) {
  if (size > largest_block) throw ProgramError("a block of 4 GiB or more is in the trace, which cannot be replayed");
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(size, 1));
}

Call kind_of(const Operation& operation, bool natural) {
  switch (operation.call) {
    case TraceCall::allocate:
      if (!natural) return Call::allocate_aligned;
      return operation.zeroed ? Call::allocate_zeroed : Call::allocate;
    case TraceCall::deallocate: return natural ? Call::deallocate : Call::deallocate_aligned;
    case TraceCall::resize:
    case TraceCall::reallocate: break;
  }
  return natural ? Call::reallocate : Call::reallocate_aligned;
}

/// Gives each operation its step; knows what size the block of each slot has.
class Maker {
 public:
  Maker(const Trace& trace, std::uint8_t natural_log2, bool replaced)
      : sizes_(trace.slots),
        natural_(natural_log2),
        replaced_(replaced ? trace.natural_alignment_log2 : natural_log2) {}

  Step operator()(const Operation& operation) {
    std::uint32_t& size = sizes_.at(operation.slot);
    const std::uint8_t alignment = operation.alignment_log2 == replaced_ ? natural_ : operation.alignment_log2;
    Step step{.size = size,
              .new_size = 0,
              .slot = operation.slot,
              .call = kind_of(operation, alignment == natural_),
              .alignment_log2 = alignment,
              .unused = 0};
    if (operation.call == TraceCall::allocate) {
      step.size = size = step_size(operation.size);
    } else if (operation.call == TraceCall::deallocate) {
      size = 0;
    } else {
      step.new_size = size = step_size(operation.size);
    }
    return step;
  }

 private:
  std::vector<std::uint32_t> sizes_;
  std::uint8_t natural_;
  std::uint8_t replaced_;  // by the natural one
};

std::vector<Step> blocks_left(const Program& program) {
  std::vector<Step> last(program.slots);
  for (const Step& step : program.steps) last[step.slot] = step;
  std::vector<Step> left;
  for (Step step : last) {
    if (step.size == 0 || frees(step)) continue;
    if (step.new_size != 0) step.size = step.new_size;
    step.new_size = 0;
    const bool natural = step.alignment_log2 == program.natural_alignment_log2;
    step.call = natural ? Call::deallocate : Call::deallocate_aligned;
    left.push_back(step);
  }
  return left;
}

}  // namespace

Program make_program(const Trace& trace, std::string name, std::optional<std::size_t> alignment) {
  if (trace.operations.empty()) throw ProgramError("there is no call in the trace");
  Program program;
  program.trace = std::move(name);
  program.name = trace.program;
  program.slots = trace.slots;
  program.peak_bytes = std::max<std::uint64_t>(trace.peak_bytes, 1);
  program.peak_blocks = trace.peak_blocks;
  program.natural_alignment_log2 = alignment ? static_cast<std::uint8_t>(std::countr_zero(*alignment))
                                   : trace.natural_alignment_log2 < 4 ? 3
                                                                      : 4;
  program.steps.reserve(trace.operations.size());
  Maker maker(trace, program.natural_alignment_log2, alignment.has_value());
  for (const Operation& operation : trace.operations) program.steps.push_back(maker(operation));
  program.left = blocks_left(program);
  program.curve = live_curve(trace);
  return program;
}

std::uint64_t Program::steps_to_peak() const {
  return static_cast<std::uint64_t>(std::ranges::max_element(curve) - curve.begin()) + 1;
}

bool frees(const Step& step) { return step.call == Call::deallocate || step.call == Call::deallocate_aligned; }

const char* name_of(Call call) {
  constexpr const char* names[] = {"allocate",         "deallocate",         "reallocate",        "allocate_zeroed",
                                   "allocate_aligned", "deallocate_aligned", "reallocate_aligned"};
  return names[static_cast<std::size_t>(call)];
}

}  // namespace bareheap::tools::replay
