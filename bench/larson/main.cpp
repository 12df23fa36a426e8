// SPDX-License-Identifier: MIT
// The command `bareheap-larson`: threads that pass blocks to each other, on malloc (whichever is loaded first) or on an
// engine behind a lock.
#include "larson.hpp"
#include "shared_heaps.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <string>

#include <time.h>

namespace {

using namespace bareheap::bench;

double seconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

template <class Heap>
void measure(const std::string& name, const Server& server, std::uint32_t threads) {
  Heap heap;
  Larson load(heap, server, threads);
  const double begun = seconds_of(CLOCK_MONOTONIC);
  const double worked = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  load.run();
  const double wall = seconds_of(CLOCK_MONOTONIC) - begun;
  const double work = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - worked;
  load.free_everything();
  const std::size_t operations = 2 * server.generations * server.replacements * threads;
  const double nanoseconds = 1e9 / static_cast<double>(operations);
  std::cout << "{\"heap\": \"" << name << "\", \"threads\": " << threads << ", \"operations\": " << operations
            << ", \"ns_wall\": " << wall * nanoseconds << ", \"ns_cpu\": " << work * nanoseconds << "}\n";
}

int run(int count, char** arguments) {
  CLI::App tool(
      "Runs the load of Larson and Krishnan: threads replace blocks by chance and leave them to later threads. "
      "Prints nanoseconds per call, of all threads together, as JSON.",
      "bareheap-larson");
  tool.footer(
      "Examples:\n  bareheap-larson --threads 2\n  LD_PRELOAD=libjemalloc.so.2 bareheap-larson --threads 2\n"
      "  bareheap-larson --heap page-heap");
  std::string name = "malloc";
  std::uint32_t threads = 1;
  Server server;
  bool list = false;
  tool.add_option("--heap", name, "malloc, or an engine")->capture_default_str();
  tool.add_option("--threads", threads, "at once")->capture_default_str()->check(CLI::Range(1, 64));
  tool.add_option("--generations", server.generations, "threads one after the other")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  tool.add_option("--replacements", server.replacements, "of each thread")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000'000));
  tool.add_flag("--list-heaps", list, "tells the names for --heap");
  CLI11_PARSE(tool, count, arguments);
  bool found = false;
  every_shared_heap([&]<class Heap>(const char* candidate) {
    if (list) std::cout << candidate << "\n";
    if (list || name != candidate) return;
    found = true;
    measure<Heap>(name, server, threads);
  });
  if (!list && !found) throw std::runtime_error("there is no heap " + name + "; --list-heaps tells which there are");
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return run(count, arguments);
  } catch (const std::exception& error) {
    std::cerr << "bareheap-larson: " << error.what() << ".\n";
    return 1;
  }
}
