// SPDX-License-Identifier: MIT
// Out of memory at every point: runs a piece of code over and over on a fresh heap, each time with the next request
// refused, until none is left to refuse. Each run is a child process of its own, so that a stop is a result like any
// other.
#pragma once

#include "bareheap/core/operations.hpp"
#include "bareheap/engines/hole_list.hpp"
#include "support/fail_nth.hpp"
#include "support/host_region.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace bareheap::test {

/// How a run ended. The first that applies.
enum class RunEnd : std::uint8_t {
  stopped,    ///< by a fault, a signal or an exit of its own
  corrupted,  ///< check() found a broken invariant afterwards
  leaked,     ///< memory is still lent afterwards
  failed,     ///< it answered false though nothing had been refused
  fine,
};

struct Run {
  std::size_t request = 0;  ///< the number of the request that was refused
  RunEnd end = RunEnd::stopped;
  Fault fault = Fault::none;     ///< what check() found
  std::size_t leaked_bytes = 0;  ///< still lent
  std::size_t refused = 0;       ///< requests refused; 0 in the last run only
  std::string said;              ///< what a run that stopped had written to standard error
};

/// What became of each run; the last is the one in which nothing was refused.
struct Sweep {
  std::vector<Run> runs;
  bool complete = false;  ///< every request was refused once, and one more run had none to refuse

  /// Points at which a request was refused.
  std::size_t points() const { return runs.size() - (complete ? 1 : 0); }

  std::vector<std::size_t> that(RunEnd end) const {
    std::vector<std::size_t> requests;
    for (const Run& run : runs) {
      if (run.end == end) requests.push_back(run.request);
    }
    return requests;
  }

  bool clean() const { return complete && that(RunEnd::fine).size() == runs.size(); }

  /// A line for each run that is not fine.
  std::string report() const {
    static constexpr const char* names[] = {"stopped: ", "corrupted: ", "leaked bytes: ", "failed unrefused", "fine"};
    std::string text = complete ? "" : "the sweep did not come to an end\n";
    for (const Run& run : runs) {
      if (run.end == RunEnd::fine) continue;
      text += "request " + std::to_string(run.request) + " refused: " + names[static_cast<unsigned>(run.end)];
      if (run.end == RunEnd::stopped) text += run.said;
      if (run.end == RunEnd::corrupted) text += sentence(run.fault);
      if (run.end == RunEnd::leaked) text += std::to_string(run.leaked_bytes);
      text += "\n";
    }
    return text;
  }
};

/// What a child that did not stop tells its parent.
struct RunFigures {
  Fault fault = Fault::none;
  std::size_t leaked_bytes = 0;
  std::size_t refused = 0;
  bool answer = false;
};

inline constexpr std::size_t sweep_region_size = std::size_t{1} << 20;

/// In the child. The figures are in the first descriptor when it returns.
template <class Program>
void run_refusing(Program& program, std::size_t request, Refusal refusal, int figures_to) {
  const HostRegion memory(sweep_region_size);
  HoleList heap;
  if (!heap.init(memory.region())) return;
  FailNth<HoleList> failing(heap);
  failing.refuse(request, refusal);
  RunFigures figures;
  figures.answer = program(failing);
  figures.refused = failing.refused();
  figures.fault = heap.check();
  if (figures.fault == Fault::none) figures.leaked_bytes = statistics_of(heap).used_bytes;
  static_cast<void>(!write(figures_to, &figures, sizeof figures));
}

inline std::string read_all(int from) {
  std::string text;
  char piece[512];
  for (ssize_t size; (size = read(from, piece, sizeof piece)) > 0;) text.append(piece, static_cast<std::size_t>(size));
  return text;
}

inline Run run_from(std::size_t request, const std::string& told, std::string said) {
  Run run{.request = request, .said = std::move(said)};
  if (told.size() != sizeof(RunFigures)) return run;
  RunFigures figures;
  __builtin_memcpy(&figures, told.data(), sizeof figures);
  run.fault = figures.fault;
  run.leaked_bytes = figures.leaked_bytes;
  run.refused = figures.refused;
  run.end = figures.fault != Fault::none                  ? RunEnd::corrupted
            : figures.leaked_bytes != 0                   ? RunEnd::leaked
            : figures.refused == 0 && !figures.answer     ? RunEnd::failed
                                                          : RunEnd::fine;
  return run;
}

/// One run in a child. A child that says nothing in the end has stopped.
template <class Program>
Run run_with_refusal(Program& program, std::size_t request, Refusal refusal) {
  int figures[2];
  int errors[2];
  if (pipe(figures) != 0 || pipe(errors) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    dup2(errors[1], STDERR_FILENO);
    run_refusing(program, request, refusal, figures[1]);
    _exit(0);
  }
  close(figures[1]);
  close(errors[1]);
  std::string said = read_all(errors[0]);
  const std::string told = read_all(figures[0]);
  close(figures[0]);
  close(errors[0]);
  waitpid(child, nullptr, 0);
  return run_from(request, told, std::move(said));
}

/// `program` is called with a FailNth<HoleList>& on a fresh megabyte; it answers whether it did its whole work, and
/// must do it when nothing is refused. What it does to the parent's variables is lost. A run that stops before its
/// refusal is like any other; `most` ends a program that always stops.
template <class Program>
Sweep sweep_out_of_memory(Program program, Refusal refusal = Refusal::once, std::size_t most = 1000) {
  Sweep sweep;
  for (std::size_t request = 1; request <= most && !sweep.complete; ++request) {
    sweep.runs.push_back(run_with_refusal(program, request, refusal));
    const Run& run = sweep.runs.back();
    sweep.complete = run.end != RunEnd::stopped && run.refused == 0;
  }
  return sweep;
}

}  // namespace bareheap::test
