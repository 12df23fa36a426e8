// SPDX-License-Identifier: MIT
#include "run.hpp"

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

#include <iostream>

namespace bareheap::bench {

namespace {

/// Threads of a program that has one heap.
struct Thread : host::Threads<most_threads + 1> {  // and the main one
  static void*& place() noexcept { return host::threads::place; }
};

template <template <class> class Load, class Heap>
void measure_load(const Wanted& wanted) {
  host::threads::place = nullptr;  // it was in the heap before
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

}  // namespace

std::vector<std::string> names_of_heaps() {
  std::vector<std::string> names;
  every_heap([&]<class Heap>(const char* heap) { names.emplace_back(heap); });
  return names;
}

std::vector<std::string> names_of_loads() {
  std::vector<std::string> names;
  every_load([&]<template <class> class Load>(const char* load) { names.emplace_back(load); });
  return names;
}

bool run_load(const Wanted& wanted) {
  bool found = false;
  every_heap([&]<class Heap>(const char* heap) {
    if (wanted.heap != heap) return;
    every_load([&]<template <class> class Load>(const char* load) {
      if (wanted.load != load) return;
      found = true;
      measure_load<Load, Heap>(wanted);
    });
  });
  return found;
}

}  // namespace bareheap::bench
