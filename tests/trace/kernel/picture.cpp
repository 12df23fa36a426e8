// SPDX-License-Identifier: MIT
// Replays the trace of a kernel on the engine that it had, in a region as large, draws the heap and says its figures as
// the kernel does:
//
//     picture TRACE REGION_SIZE
#include "trace.hpp"

#include "bareheap/engines/hole_list.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace bareheap;
using namespace bareheap::tools;

constexpr std::size_t page = 4096;  // a kernel's region begins on one

struct Slot {
  std::byte* at = nullptr;
  Layout layout = Layout(0, 1);
};

/// False where the heap answers in another way than the kernel's did.
bool run(HoleList& heap, const Operation& operation, Slot& slot) {
  switch (operation.call) {
    case TraceCall::allocate:
      slot.layout = Layout(operation.size, operation.alignment());
      slot.at = heap.allocate(slot.layout).at;
      return slot.at != nullptr;
    case TraceCall::deallocate:
      heap.deallocate(slot.at, slot.layout);
      return true;
    case TraceCall::resize: {
      const Layout before = slot.layout;
      slot.layout = before.with_size(operation.size);
      return heap.resize(slot.at, before, operation.size);
    }
    case TraceCall::reallocate: return false;  // not a call of the library's heaps
  }
  return false;
}

void draw(const Trace& trace, Region region) {
  HoleList heap;
  if (!heap.init(region)) throw UserError("the heap refuses the region");
  std::vector<Slot> slots(trace.slots);
  for (const Operation& operation : trace.operations) {
    if (!run(heap, operation, slots[operation.slot])) throw UserError("a call has another answer than in the kernel");
  }
  heap.walk([](const Extent& tile) {
    std::cout << (tile.kind == ExtentKind::used ? "tile: used: " : "tile: free: ") << tile.size << '\n';
  });
}

void say_figures(const Trace& trace) {
  std::uint64_t asked = 0;
  for (const Operation& operation : trace.operations)
    asked += operation.call == TraceCall::allocate ? operation.size : 0;
  const std::vector<std::uint64_t> curve = live_curve(trace);
  std::cout << "calls: " << trace.operations.size() << '\n'
            << "asked: " << asked << '\n'
            << "peak: " << trace.peak_bytes << '\n'
            << "live: " << (curve.empty() ? 0 : curve.back()) << '\n';
}

}  // namespace

int main(int count, char** arguments) {
  try {
    if (count != 3) throw UserError("use: picture TRACE REGION_SIZE");
    const std::size_t size = std::stoul(arguments[2]);
    const std::unique_ptr<void, decltype(&std::free)> memory(std::aligned_alloc(page, size), &std::free);
    const Trace trace = load_trace(arguments[1]);
    draw(trace, {static_cast<std::byte*>(memory.get()), memory == nullptr ? 0 : size});
    say_figures(trace);
  } catch (const std::exception& error) {
    std::cerr << error.what() << ".\n";
    return 1;
  }
  return 0;
}
