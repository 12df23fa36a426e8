// SPDX-License-Identifier: MIT
// The command `bareheap-threads`: loads of several threads, on malloc (whichever is loaded first) or on a heap of ours.
#include "bench/command.hpp"
#include "run.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

using namespace bareheap::bench;

int run(int count, char** arguments) {
  CLI::App tool(
      "Runs a load of several threads. Prints nanoseconds per call of CPU time, of all threads together, and of wall "
      "time, as JSON; of heaps that count it, also how often a call took the lock.",
      "bareheap-threads");
  tool.footer(
      "Examples:\n  bareheap-threads larson --threads 2\n  LD_PRELOAD=libjemalloc.so.2 bareheap-threads churn\n"
      "  bareheap-threads same_class --heap granule-heap");
  Wanted wanted;
  bool list = false;
  bool list_loads = false;
  tool.add_option("load", wanted.load, "what the threads do");
  tool.add_option("--heap", wanted.heap, "malloc, empty, or one of ours")->capture_default_str();
  tool.add_option("--threads", wanted.threads, "at once")->capture_default_str()->check(CLI::Range(1U, most_threads));
  tool.add_option("--steps", wanted.steps, "of each thread, about; each is two calls")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000'000));
  tool.add_flag("--list-heaps", list, "tells the names for --heap");
  tool.add_flag("--list-loads", list_loads, "tells the loads");
  CLI11_PARSE(tool, count, arguments);
  if (list || list_loads) {
    for (const std::string& name : list ? names_of_heaps() : names_of_loads()) std::cout << name << "\n";
    return 0;
  }
  if (wanted.load.empty()) throw std::runtime_error("a load is needed; --list-loads tells which there are");
  if (std::ranges::count(names_of_heaps(), wanted.heap) == 0)
    throw std::runtime_error("there is no heap " + wanted.heap + "; --list-heaps tells which there are");
  if (!run_load(wanted))
    throw std::runtime_error("there is no load " + wanted.load + "; --list-loads tells which there are");
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  return bareheap::bench::answer_of("bareheap-threads", 1, [&] { return run(count, arguments); });
}
