// SPDX-License-Identifier: MIT
// The command `bareheap-threads`: loads of several threads, on malloc (whichever is loaded first) or on a heap of ours.
#include "bench/command.hpp"
#include "churn.hpp"
#include "larson.hpp"
#include "measure.hpp"
#include "producer_consumer.hpp"
#include "same_class.hpp"
#include "shared_heaps.hpp"

#include "bareheap/bareheap.hpp"
#include "bareheap/core/lock_policies.hpp"
#include "bareheap/wrappers/cpu_cached.hpp"
#include "bareheap/wrappers/locked.hpp"
#include "ports/host/threads.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <string>

namespace {

using namespace bareheap;
using namespace bareheap::bench;

constexpr std::uint32_t most_threads = 16;
using Thread = host::Threads<most_threads + 1>;  // and the main one

struct Wanted {
  std::string load;
  std::string heap = "malloc";
  std::uint32_t threads = 1;
  std::size_t steps = 1'000'000;
};

template <template <class> class Load, class Heap>
void run_load(const Wanted& wanted) {
  Heap heap;
  const Measured measured = [&] {
    Load<Heap> load(heap, wanted.threads);
    return measure(load, heap, wanted.threads, wanted.steps);
  }();
  const double calls = static_cast<double>(measured.calls);
  std::cout << "{\"load\": \"" << wanted.load << "\", \"heap\": \"" << wanted.heap
            << "\", \"threads\": " << wanted.threads << ", \"calls\": " << measured.calls
            << ", \"ns_cpu\": " << measured.taken.cpu_seconds * 1e9 / calls
            << ", \"ns_wall\": " << measured.taken.wall_seconds * 1e9 / calls;
  if constexpr (requires { heap.locks(); })
    std::cout << ", \"locks\": " << static_cast<double>(measured.taken.locks) / calls;
  std::cout << "}\n";
}

template <Allocator Engine>
using WithLock = Shared<Locked<Engine, SpinWithInterruptsSaved<Thread>>>;

/// Calls `visit.operator()<Heap>(name)` for each.
void every_heap(auto visit) {
  visit.template operator()<Malloc>("malloc");
  visit.template operator()<Empty>("empty");
  visit.template operator()<Shared<CpuCached<GranuleHeap, Thread>>>("cpu-cached");
  visit.template operator()<Shared<CpuCached<GranuleHeap, Thread, ByMap>>>("cpu-cached-by-map");
  visit.template operator()<WithLock<PageHeap>>("page-heap");
  visit.template operator()<WithLock<StoryPages>>("story-pages");
  visit.template operator()<WithLock<GranuleHeap>>("granule-heap");
  visit.template operator()<WithLock<RealTimeHeap>>("real-time-heap");
}

/// Calls `visit.operator()<Load>(name)` for each.
void every_load(auto visit) {
  visit.template operator()<SameClass>("same_class");
  visit.template operator()<ProducerConsumer>("producer_consumer");
  visit.template operator()<Larson>("larson");
  visit.template operator()<Churn>("churn");
  visit.template operator()<Alone>("alone");
}

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
  bool found_load = false;
  bool found_heap = false;
  every_heap([&]<class Heap>(const char* heap) {
    if (list) std::cout << heap << "\n";
    if (list || wanted.heap != heap) return;
    found_heap = true;
    every_load([&]<template <class> class Load>(const char* load) {
      if (list_loads) std::cout << load << "\n";
      if (list_loads || wanted.load != load) return;
      found_load = true;
      run_load<Load, Heap>(wanted);
    });
  });
  if (list || list_loads) return 0;
  if (!found_heap) throw std::runtime_error("there is no heap " + wanted.heap + "; --list-heaps tells which there are");
  if (!found_load) throw std::runtime_error("there is no load " + wanted.load + "; --list-loads tells which there are");
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  return bareheap::bench::answer_of("bareheap-threads", 1, [&] { return run(count, arguments); });
}
