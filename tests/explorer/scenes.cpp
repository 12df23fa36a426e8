// SPDX-License-Identifier: MIT
#include "explorer/scenes.hpp"

#include <charconv>
#include <cstdio>
#include <iterator>
#include <map>
#include <string_view>

namespace explorer {
namespace {

std::map<std::byte*, Ledger::Lent> lent;
unsigned given;

bool passes(const Program& program, const Bounds& bounds) {
  const Outcome outcome = explore(program, bounds);
  std::printf("%s %s: %lu schedules, %lu steps%s%s\n", outcome.failed ? "FAILED" : "passed", program.name,
              outcome.schedules, outcome.steps, outcome.failed ? "; " : "", outcome.what.c_str());
  if (!outcome.failed) return true;
  std::printf("schedule: %s\n", outcome.schedule.c_str());
  replay(program, bounds, outcome.schedule);
  return false;
}

int refuse(const char* command) {
  std::fprintf(stderr, "usage: %s [PREEMPTIONS [SCHEDULES_AT_RANDOM]]\n", command);
  return 2;
}

}  // namespace

void Ledger::clear() {
  lent.clear();
  given = 0;
}

std::byte Ledger::add(const Block& block) {
  const auto above = lent.lower_bound(block.at);
  const bool is_below = above == lent.end() || block.at + block.size <= above->first;
  const bool is_above = above == lent.begin() || std::prev(above)->first + std::prev(above)->second.size <= block.at;
  expect(is_below && is_above, "a block is lent twice");
  const std::byte pattern{static_cast<unsigned char>(++given)};
  lent[block.at] = {block.at, block.size, pattern};
  return pattern;
}

Ledger::Lent Ledger::at(std::byte* block) {
  expect(lent.contains(block), "a scene frees what is not lent");
  return lent[block];
}

Ledger::Lent Ledger::any() { return lent.empty() ? Lent{} : lent.begin()->second; }

void Ledger::remove(std::byte* block) { lent.erase(block); }

void Fork::copy() {
  memory_.assign(std::begin(arena), std::end(arena));
  known_ = lent.size();
}

void Fork::become() const { std::copy(memory_.begin(), memory_.end(), std::begin(arena)); }

int run(const std::vector<Program>& programs, Bounds bounds, int count, char** arguments) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // so that what hangs is seen
  bounds.preemptions = 2;
  bounds.at_random = 100;
  unsigned long* const numbers[] = {&bounds.preemptions, &bounds.at_random};
  for (int index = 1; index < count; ++index) {
    const std::string_view word(arguments[index]);
    if (index > 2 || std::from_chars(word.begin(), word.end(), *numbers[index - 1]).ptr != word.end()) {
      return refuse(arguments[0]);
    }
  }
  for (const Program& program : programs) {
    Bounds these = bounds;
    const bool is_wide = program.cpus > 2 || program.devices != 0;  // with far more orders
    const bool is_too_long = program.is_long && bounds.store_buffers && count == 1;  // unless all is asked for
    if ((is_wide || is_too_long) && these.preemptions != 0) --these.preemptions;
    if (!passes(program, these)) return 1;
  }
  return 0;
}

}  // namespace explorer

namespace bareheap {

void panic(const FaultReport& report) noexcept {
  if (!explorer::may_stop) explorer::fail(sentence(report.fault));
  ++explorer::stops;
  explorer::halt();
}

}  // namespace bareheap
